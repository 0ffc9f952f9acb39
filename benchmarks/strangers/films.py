"""Small videos of every kind that a container allows, each with what is right for it: when each frame is shown, which
number it has (which can be read in its picture), and what its upright size is.

A kind is what tools make in practice: container, codec, key frames, frame rate, varying times, an offset, a rotation,
a sample aspect, and what else is in the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

WIDTH, HEIGHT = 64, 48
DARK, BRIGHT = 40, 215
RATE = 16_000  # of the sound

LATE = "delay_moov+default_base_moof"
CONTAINERS: dict[str, tuple[str, dict[str, str]]] = {
    "mp4": ("mp4", {}),
    "mp4, index first": ("mp4", {"movflags": "faststart"}),
    "mp4, ticks of a millisecond": ("mp4", {"video_track_timescale": "1000"}),
    "mp4, fragments": ("mp4", {"movflags": f"frag_keyframe+{LATE}"}),
    "mp4, fragments of time": ("mp4", {"movflags": LATE, "frag_duration": "700000"}),
    "mp4, DASH": ("mp4", {"movflags": "dash+global_sidx+skip_trailer+frag_keyframe"}),
    "mp4, no trailer": ("mp4", {"movflags": "frag_keyframe+skip_trailer"}),
    "mov": ("mov", {}),
    "mkv": ("matroska", {}),
    "mkv, live": ("matroska", {"live": "1"}),
    "webm": ("webm", {}),
    "flv": ("flv", {}),
    "ts": ("mpegts", {}),
    "avi": ("avi", {}),
}
"""Name to FFmpeg's muxer and its options."""
X265 = "log-level=none:pools=none:frame-threads=1"
CODECS: dict[str, tuple[str, dict[str, str], int]] = {
    "h264": ("libx264", {"preset": "ultrafast"}, 0),
    "h264, B": ("libx264", {"preset": "veryfast", "x264-params": "b-pyramid=normal:ref=4"}, 3),
    "h264, open GOP": ("libx264", {"preset": "veryfast", "x264-params": "open-gop=1"}, 3),
    "h264, intra refresh": ("libx264", {"preset": "veryfast", "x264-params": "intra-refresh=1"}, 0),
    "h265": ("libx265", {"preset": "ultrafast", "x265-params": X265}, 3),
    "h265, closed GOP": ("libx265", {"preset": "ultrafast", "x265-params": f"{X265}:open-gop=0"}, 3),
    "mpeg4": ("mpeg4", {}, 2),
    "mpeg2": ("mpeg2video", {}, 2),
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "8"}, 0),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "8"}, 0),
    "av1": ("libsvtav1", {"preset": "8", "crf": "1", "svtav1-params": "lp=1:enable-tf=0"}, 0),
    "mjpeg": ("mjpeg", {}, 0),
    "ffv1": ("ffv1", {}, 0),
}
"""Name to FFmpeg's encoder, its options, and how many B-frames it may have in a row."""
MODERN = ("h264", "h264, B", "h264, open GOP", "h264, intra refresh", "h265", "h265, closed GOP")
ALLOWED: dict[str, tuple[str, ...]] = {
    "mp4": (*MODERN, "mpeg4", "mpeg2", "vp9", "av1", "mjpeg"),
    "mov": (*MODERN, "mpeg4", "mpeg2", "mjpeg"),
    "matroska": (*MODERN, "mpeg4", "mpeg2", "vp8", "vp9", "av1", "mjpeg", "ffv1"),
    "webm": ("vp8", "vp9", "av1"),
    "flv": (*MODERN, "vp9", "av1"),
    "mpegts": (*MODERN, "mpeg4", "mpeg2"),
    "avi": ("h264", "h264, B", "mpeg4", "mpeg2", "vp8", "mjpeg", "ffv1"),
}
"""What is put into a muxer's files in practice."""
ALONE = ("mp4, DASH", "mp4, no trailer")
"""Containers of one stream that starts at 0: DASH has a file for each, and without a trailer FFmpeg makes the first
frame stay for as long as the stream starts late."""
TURNS = ("mp4", "mov")
"""The muxers that write a rotation."""
RATES = (
    Fraction(24),
    Fraction(24000, 1001),
    Fraction(25),
    Fraction(30),
    Fraction(30000, 1001),
    Fraction(50),
    Fraction(60),
)
STREAMS = ("alone", "facecam first", "cover", "sound, longer", "sound, shorter")
WRAP = 2**33 / 90_000
"""Seconds after which MPEG's clock begins anew."""


@dataclass(frozen=True)
class Kind:
    """One kind of file. gop: frames between key frames; offset: seconds before the first frame; turn: quarter turns
    counterclockwise that it is to be shown with; aspect: of a stored pixel."""

    container: str = "mp4"
    codec: str = "h264"
    gop: int = 12
    rate: Fraction = Fraction(30)
    varying: bool = False
    offset: float = 0.0
    turn: int = 0
    mirrored: bool = False
    aspect: Fraction = Fraction(1)
    streams: str = "alone"
    frames: int = 48

    @property
    def muxer(self) -> str:
        return CONTAINERS[self.container][0]

    @property
    def suffix(self) -> str:
        return {"matroska": ".mkv", "mpegts": ".ts"}.get(self.muxer, f".{self.muxer}")

    @property
    def stored(self) -> tuple[int, int]:
        """Width and height as stored; the AV1 encoder spoils smaller pictures."""
        return (4 * WIDTH, 4 * HEIGHT) if self.codec == "av1" else (WIDTH, HEIGHT)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height when upright."""
        width, height = self.stored
        return (height, width) if self.turn % 2 else (width, height)

    @property
    def base(self) -> Fraction:
        """The unit of time that the encoder is given: MPEG-4 takes no finer one, MPEG-2 and AVI one of whole frames."""
        if self.codec == "mpeg2" or self.muxer == "avi":
            return 1 / self.rate
        return 1 / self.rate / 2 if self.codec == "mpeg4" else Fraction(1, 90_000)


def drawn(rng: np.random.Generator) -> Kind:
    """A kind by chance."""

    def one(of: Any) -> Any:
        return of[int(rng.integers(len(of)))]

    container = one(list(CONTAINERS))
    muxer = CONTAINERS[container][0]
    numbered = muxer == "avi"
    codec = one(ALLOWED[muxer])
    kind = Kind(
        container=container,
        codec=codec,
        gop=one((1, 6, 12, 30, 250)),
        rate=one(RATES),
        varying=not numbered and codec != "mpeg2" and rng.random() < 0.3,
        offset=0.0 if numbered or container in ALONE else one((0.0, 0.0, 0.5, 10.0, 100_000.0)),
        aspect=one((Fraction(1), Fraction(1), Fraction(4, 3), Fraction(8, 9))),
        streams=one(STREAMS[:1] * 3 + _possible(container, codec)),
        frames=one((24, 48, 72)),
    )
    if muxer == "mpegts" and rng.random() < 0.3:
        kind = replace(kind, offset=WRAP - float(rng.uniform(0, 2)))
    turns = muxer in TURNS and rng.random() < 0.5
    return replace(kind, turn=int(rng.integers(4)), mirrored=rng.random() < 0.2) if turns else kind


def _possible(container: str, codec: str) -> tuple[str, ...]:
    """What else is put into a file; nobody keeps a film as single pictures beside a facecam or a cover."""
    muxer = CONTAINERS[container][0]
    if container in ALONE or muxer in ("webm", "avi"):
        return ()
    return STREAMS if muxer in ("mp4", "matroska") and codec != "mjpeg" else STREAMS[3:]


def written(kind: Kind, path: Path, seed: int = 0) -> NDArray[np.float64]:
    """Writes a file of the kind; when each of its frames is shown, in seconds since the first."""
    base, ticks = kind.base, _ticks(kind, seed)
    muxer, options = CONTAINERS[kind.container]
    with av.open(f"file:{path}", "w", format=muxer, options=options) as sink:
        if kind.streams == "facecam first":
            facecam = _stream(sink, Kind(codec="h264"))
            facecam.disposition = Disposition(0)
            facecam.codec_context.time_base = base
        film = _stream(sink, kind)
        film.codec_context.time_base = base
        film.disposition = Disposition.default
        sound = _sound(sink, kind) if kind.streams.startswith("sound") else None
        if kind.streams == "cover":
            _cover(sink)
        for number, tick in enumerate(ticks):
            if kind.streams == "facecam first":
                blank = VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH, 3), 128, np.uint8), format="rgb24")
                blank.pts, blank.time_base = tick, base
                sink.mux(facecam.encode(blank))
            frame = VideoFrame.from_ndarray(_stored(kind, number), format="rgb24")
            frame.pts, frame.time_base = tick, base
            sink.mux(film.encode(frame))
        for stream in (film, *([facecam] if kind.streams == "facecam first" else [])):
            sink.mux(stream.encode(None))
        if sound is not None:
            seconds = float((ticks[-1] - ticks[0]) * base) * (2.0 if kind.streams == "sound, longer" else 0.5)
            for packet in _silence(sound, ticks[0] * base, seconds):
                sink.mux(packet)
    return np.array([float((tick - ticks[0]) * base) for tick in ticks])


def _ticks(kind: Kind, seed: int) -> list[int]:
    steps = np.full(kind.frames - 1, float(1 / kind.rate / kind.base))
    if kind.varying:
        steps *= np.random.default_rng(seed).choice([0.5, 1.0, 1.0, 2.0, 5.0], kind.frames - 1)
    times = np.concatenate([[0], np.cumsum(steps)]) + round(kind.offset / kind.base)
    return [round(tick) for tick in times]


def _stream(sink: OutputContainer, kind: Kind) -> VideoStream:
    encoder, options, between = CODECS[kind.codec]
    stream = sink.add_stream(encoder, rate=kind.rate, options=options)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = kind.stored
    stream.pix_fmt = "yuvj420p" if kind.codec == "mjpeg" else "yuv420p"
    stream.codec_context.gop_size = kind.gop
    stream.codec_context.sample_aspect_ratio = kind.aspect
    stream.codec_context.thread_count = 1
    if between:
        stream.codec_context.max_b_frames = between
    if kind.codec in ("mpeg4", "mpeg2", "mjpeg"):
        stream.codec_context.bit_rate = 2_000_000
    if kind.turn or kind.mirrored:
        stream.set_display_rotation(90 * kind.turn)
        if kind.mirrored:
            stream.set_display_matrix(_matrix(kind.turn))
    return stream


def _matrix(turn: int) -> list[int]:
    """FFmpeg's display matrix of a picture that is mirrored left to right and then turned."""
    (a, c), (b, d) = (np.linalg.matrix_power(np.array([[0, 1], [-1, 0]]), turn) @ np.diag([-1, 1])).tolist()
    one = 1 << 16
    return [a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30]


def _sound(sink: OutputContainer, kind: Kind) -> Any:
    codec = {"webm": "libopus", "avi": "mp3"}.get(kind.muxer, "aac")
    return sink.add_stream(codec, rate=RATE, layout="mono")


def _silence(stream: Any, start: Fraction, seconds: float) -> Iterator[Any]:
    for at in range(0, int(seconds * RATE), 1024):
        frame = AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = round(start * RATE) + at
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _cover(sink: OutputContainer) -> None:
    """A thumbnail as a stream of one picture, larger than the film."""
    stream = sink.add_stream("mjpeg", rate=1)
    stream.width, stream.height, stream.pix_fmt = 4 * WIDTH, 4 * HEIGHT, "yuvj420p"
    stream.disposition = Disposition.attached_pic
    frame = VideoFrame.from_ndarray(np.full((4 * HEIGHT, 4 * WIDTH, 3), 128, np.uint8), format="rgb24")
    frame.pts, frame.time_base = 0, Fraction(1)
    sink.mux(stream.encode(frame))
    sink.mux(stream.encode(None))


def _stored(kind: Kind, number: int) -> NDArray[np.uint8]:
    """The picture as it has to be stored, so that it is upright when shown as the kind says."""
    picture = np.rot90(upright(number, *kind.size), -kind.turn)
    return np.ascontiguousarray(picture[:, ::-1] if kind.mirrored else picture)


def upright(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """uint8 [height, width, 3]: blocks that are bright where the number, from 0 to 255, has a bit; one that is always
    bright at the top left, and one that never is at its right, so that a turned picture reads as another number."""
    across, down = (4, 3) if width > height else (3, 4)
    blocks = np.zeros(12)
    blocks[:10] = [1, 0, *(number >> bit & 1 for bit in range(8))]
    shades = np.where(blocks, BRIGHT, DARK).astype(np.uint8).reshape(down, across)
    return np.repeat(shades.repeat(height // down, 0).repeat(width // across, 1)[..., None], 3, 2)


def numbers(rgb: NDArray[np.uint8], kind: Kind) -> list[int]:
    """The numbers in frames [n, S, S, 3] of such a film, -1 for one that isn't upright."""
    across, down = (4, 3) if kind.size[0] > kind.size[1] else (3, 4)
    ys = (np.arange(down) + 0.5) * rgb.shape[1] / down
    xs = (np.arange(across) + 0.5) * rgb.shape[2] / across
    lit = rgb[:, ys.astype(int)][:, :, xs.astype(int)].mean(-1).reshape(len(rgb), -1) > (DARK + BRIGHT) / 2
    places = 1 << np.arange(8)
    return [int(row[2:10] @ places) if row[0] and not row[1] else -1 for row in lit]
