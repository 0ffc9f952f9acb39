"""A drawn controller: the inferred inputs for people to look at, and the true ones on the arcade's streams."""

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.box import Box
from nitro_ml.core.files.output import OutputError, beside
from nitro_ml.core.labels import Labels
from nitro_ml.core.licence import TERMS
from nitro_ml.video.audio import Muxed, sound
from nitro_ml.video.container import opened
from nitro_ml.video.decode import decoded, first_shown
from nitro_ml.video.display import Showing
from nitro_ml.video.hdr import to_sdr

# Centre (x, y) and half size (w, h) of each button in a box of 100 x 60; a stick's own button is the well it sits in.
_PLACES: dict[str, tuple[int, int, int, int]] = {
    "left_trigger": (18, 5, 9, 3),
    "left_shoulder": (18, 13, 9, 3),
    "right_trigger": (82, 5, 9, 3),
    "right_shoulder": (82, 13, 9, 3),
    "dpad_up": (18, 23, 3, 4),
    "dpad_left": (11, 30, 4, 3),
    "dpad_right": (25, 30, 4, 3),
    "dpad_down": (18, 37, 3, 4),
    "back": (42, 22, 4, 2),
    "guide": (50, 16, 3, 3),
    "start": (58, 22, 4, 2),
    "north": (82, 23, 4, 4),
    "west": (74, 30, 4, 4),
    "east": (90, 30, 4, 4),
    "south": (82, 37, 4, 4),
    "left_thumb": (36, 46, 10, 10),
    "right_thumb": (64, 46, 10, 10),
}
_ROUND = {"guide", "north", "west", "east", "south", "left_thumb", "right_thumb"}
_STICKS = ("left_thumb", "right_thumb")
H264 = "libx264", {"preset": "veryfast", "crf": "20"}
VP9 = "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "30", "b": "0"}
SUFFIXES = {".mp4": ("mp4", *H264), ".m4v": ("mp4", *H264), ".mov": ("mov", *H264), ".mkv": ("matroska", *H264)} | {
    ".webm": ("webm", *VP9)
}
"""The containers that an overlay may have, by the ending of its name: FFmpeg's muxer, encoder and options."""
TICK = Fraction(1, 90_000)  # s
FRAME_DURATION = 1 << 8  # AV_CODEC_FLAG_FRAME_DURATION
_BODY, _UP, _DOWN, _KNOB = (24, 26, 32), (92, 96, 108), (255, 186, 40), (232, 236, 244)


def draw_controller(
    image: NDArray[np.uint8], box: Box, buttons: NDArray[np.generic], sticks: NDArray[np.floating]
) -> None:
    """Draws a controller over `box` of the image, in place; a button's shade follows its probability.

    image: uint8 [H, W, 3] RGB, contiguous; box: in pixels of the image, about 5 : 3, legible from 60 x 36 on;
    buttons: bool or float [17] in [0, 1], in the order of `BUTTONS`; sticks: float [4] in [-1, 1], negative y is up.
    """

    def at(x: float, y: float) -> tuple[int, int]:
        return round(box.x + x * (box.w - 1) / 100), round(box.y + y * (box.h - 1) / 60)

    cv2.rectangle(image, at(0, 0), at(100, 60), _BODY, cv2.FILLED)
    shade = dict(zip(BUTTONS, np.clip(buttons.astype(np.float64), 0, 1), strict=True))
    for name, (x, y, w, h) in _PLACES.items():
        colour = tuple(round(up + (down - up) * shade[name]) for up, down in zip(_UP, _DOWN, strict=True))
        if name in _ROUND:
            radius = (round(w * box.w / 100), round(h * box.h / 60))
            cv2.ellipse(image, at(x, y), radius, 0, 0, 360, colour, cv2.FILLED)
        else:
            cv2.rectangle(image, at(x - w, y - h), at(x + w, y + h), colour, cv2.FILLED)
    for name, (dx, dy) in zip(_STICKS, np.clip(sticks, -1, 1).reshape(2, 2), strict=True):
        x, y, w, h = _PLACES[name]
        knob = (round(4.5 * box.w / 100), round(4.5 * box.h / 60))
        cv2.ellipse(image, at(x + 5.5 * dx, y + 5.5 * dy), knob, 0, 0, 360, _KNOB, cv2.FILLED)


def overlay_video(video: Path, labels: Labels, out: Path) -> Path:
    """Writes the video as it is shown (upright, in square pixels and SDR), with its own times and its sound, and the
    inferred controller drawn on it.

    The container is what the name of `out` says, one of `SUFFIXES`. The controller sits in the bottom left corner; each
    frame shows the label nearest in time. `out` appears only when it is complete. Raises `VideoError` for an unreadable
    video, `OutputError` for an `out` that can't be written, and ValueError for empty labels.
    """
    if not len(labels):
        raise ValueError(f"{video.name}: the labels are empty; an overlay needs at least one row.")
    if out.suffix.lower() not in SUFFIXES:
        found = f"found the ending {out.suffix!r}" if out.suffix else "found no ending"
        raise OutputError(f"{out}: {found}; allowed are {', '.join(SUFFIXES)}.")
    with beside(out, video) as partial:
        _redraw(video, labels, partial)
    return out


def _redraw(video: Path, labels: Labels, out: Path) -> None:
    muxer, codec, options = SUFFIXES[out.suffix.lower()]
    with opened(video) as film:
        first, shown = first_shown(film)
    with opened(video, sound=True) as film, _written(), av.open(f"file:{out}", "w", format=muxer) as sink:
        sink.metadata["comment"] = TERMS
        target = cast(VideoStream, sink.add_stream(codec, rate=film.stream.average_rate or 30, options=options))
        width, height = shown.shown_size(first.width, first.height)
        target.width, target.height, target.pix_fmt = width & ~1, height & ~1, "yuv420p"
        target.codec_context.time_base = TICK
        target.codec_context.flags |= FRAME_DURATION
        heard = sound(film, sink, first.time)
        drawn = _drawn(video, labels, shown, target)
        for _, packet in heapq.merge(drawn, heard, key=lambda part: part[0]):
            sink.mux(packet)


@contextmanager
def _written() -> Iterator[None]:
    """What goes wrong here, and isn't said of the video, is the output's."""
    try:
        yield
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


def _drawn(video: Path, labels: Labels, shown: Showing, target: VideoStream) -> Iterator[Muxed]:
    """The coded frames, each with its controller, on a clock that starts at zero and never stands still."""
    last, seconds = -1, 0.0
    size = target.width, target.height
    for frame, seconds in decoded(video):
        image = np.ascontiguousarray(shown.upright(_rgb(frame, shown)))
        square = shown.shown_size(frame.width, frame.height)
        if shown.aspect != 1:
            image = np.asarray(cv2.resize(image, square, interpolation=cv2.INTER_AREA), np.uint8)
        image = np.ascontiguousarray(image[: size[1], : size[0]])
        row = _nearest(labels.time, seconds)
        draw_controller(image, _corner(image), labels.buttons[row], labels.sticks[row])
        drawn = VideoFrame.from_ndarray(image, format="rgb24")
        last = max(round(seconds / TICK), last + 1)
        drawn.pts, drawn.time_base = last, TICK
        drawn.duration = round((frame.duration or 0) * (frame.time_base or 0) / TICK)  # the last may stay for long
        yield from ((seconds, packet) for packet in target.encode(drawn))
    yield from ((seconds, packet) for packet in target.encode(None))


def _rgb(frame: VideoFrame, shown: Showing) -> NDArray[np.uint8]:
    if shown.light:
        return to_sdr(frame, shown.light)
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def _corner(image: NDArray[np.uint8]) -> Box:
    """The bottom left corner: a third of the width, or as much as the height allows."""
    height, width = image.shape[:2]
    w = min(max(width // 3, 60), width, height * 5 // 3)
    return Box(0, height - w * 3 // 5, w, w * 3 // 5)


def _nearest(time: NDArray[np.float64], at: float) -> int:
    after = int(np.searchsorted(time, at))
    if after == 0:
        return 0
    if after == len(time) or at - time[after - 1] <= time[after] - at:
        return after - 1
    return after
