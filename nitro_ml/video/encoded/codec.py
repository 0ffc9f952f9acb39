"""Frames as blocks of H.264 that are decoded by themselves.

In RGB, so that no colour is halved or converted and the same bytes give the same pixels on every machine. Measured
beside other codecs: docs/adr/0087-clips-are-short-groups-of-h264.md.
"""

import os
import threading
from collections.abc import Iterator
from fractions import Fraction

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

BLOCK = 8
"""Frames of a block; the last of a clip may have fewer."""
SMALL, SHARP, COARSE = 128, 18, 22
"""Frames of up to SMALL lines are stored at a constant rate factor of SHARP, larger ones at COARSE."""


class ClipFileError(ValueError):
    """Bytes that are no packed clip, or half of one."""


def pack(frames: NDArray[np.uint8]) -> list[bytes]:
    """The blocks of frames, uint8 [T, H, W, 3] RGB: the same bytes for the same frames."""
    blocks: list[list[bytes]] = []
    encoder = _encoder(*frames.shape[1:3])
    for packet in _packets(encoder, frames):
        if packet.is_keyframe:
            blocks.append([])
        blocks[-1].append(bytes(packet))
    return [b"".join(block) for block in blocks]


def unpack(data: bytes, count: int) -> NDArray[np.uint8]:
    """The `count` frames of some blocks, one after another: uint8 [count, H, W, 3] RGB. Raises `ClipFileError`."""
    decoder = _own.get()
    try:
        packets = [*decoder.parse(data), *decoder.parse(None)]
        frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
        decoder.flush_buffers()
    except av.FFmpegError as error:
        _own.drop()
        raise ClipFileError(f"a packed clip: found bytes that don't decode ({type(error).__name__}).") from None
    if len(frames) != count:
        _own.drop()  # what it keeps of damaged bytes would show in the next
        raise ClipFileError(f"a packed clip: found {len(frames)} frames in its bytes; its head tells of {count}.")
    return np.stack([_rgb(frame) for frame in frames])


def _encoder(height: int, width: int) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264rgb", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "rgb24", Fraction(1, 30)
    encoder.thread_count = 1
    encoder.options = {
        "crf": str(SHARP if height <= SMALL else COARSE),
        "g": str(BLOCK),
        "sc_threshold": "0",  # a keyframe every BLOCK frames and nowhere else: a block's number follows from a frame's
        "bf": "0",
        "preset": "veryfast",
        "tune": "zerolatency,fastdecode",
    }
    return encoder


def _packets(encoder: VideoCodecContext, frames: NDArray[np.uint8]) -> Iterator[av.Packet]:
    for number, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts = number
        yield from encoder.encode(frame)
    yield from encoder.encode(None)


def _rgb(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """From planes G, B, R, without a conversion."""
    if frame.format.name != "gbrp":
        raise ClipFileError(f"a packed clip: found frames of format {frame.format.name}; allowed is gbrp.")
    planes = [np.frombuffer(memoryview(p), np.uint8).reshape(p.height, -1)[:, : p.width] for p in frame.planes]
    green, blue, red = planes
    return np.asarray(cv2.merge([red, green, blue]), np.uint8)


class _Decoders(threading.local):
    """A decoder a thread and process: making one takes longer than a block."""

    made: tuple[int, VideoCodecContext] | None = None

    def drop(self) -> None:
        self.made = None

    def get(self) -> VideoCodecContext:
        if self.made is None or self.made[0] != os.getpid():
            decoder = av.CodecContext.create("h264", "r")
            assert isinstance(decoder, VideoCodecContext)
            decoder.thread_count = 1
            decoder.options = {"err_detect": "explode"}
            self.made = os.getpid(), decoder
        return self.made[1]


_own = _Decoders()
