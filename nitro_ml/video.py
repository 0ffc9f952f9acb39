"""Video in, frames at the model's resolution out: the one preprocessing that training, labelling and play share.

Masking and cropping come before the resize, which is `pixels`'.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from nitro_ml.box import Box
from nitro_ml.pixels import Shrinker, shrink

__all__ = ["FORMATS", "Frames", "VideoError", "VideoInfo", "probe", "read", "shrink"]

# Demuxers of files with presentation times. Playlists, which open other addresses, are not among them.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,flv,avi"
SLACK = 1.0  # seconds by which the last frame may come before the stated end


class VideoError(ValueError):
    """A file that is no readable video; the message names the file, what was found and what was read before it."""


@dataclass(frozen=True)
class VideoInfo:
    """What the container says: pixels, frames a second, seconds, and the number of frames where it is stored."""

    width: int
    height: int
    fps: float
    duration: float
    frames: int | None


@dataclass(frozen=True)
class Frames:
    """Consecutive frames. rgb: uint8 [n, S, S, 3]; time: float64 [n], seconds since the file's first frame."""

    rgb: NDArray[np.uint8]
    time: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time)


def probe(path: Path) -> VideoInfo:
    """Size, rate and length as the container states them; nothing is decoded. Raises `VideoError`."""
    with _opened(path) as container:
        stream = container.streams.video[0]
        return VideoInfo(
            stream.codec_context.width,
            stream.codec_context.height,
            float(stream.average_rate or stream.guessed_rate or 0),
            _duration(container),
            stream.frames or None,
        )


def read(
    path: Path,
    size: int,
    *,
    crop: Box | None = None,
    mask: Sequence[Box] = (),
    start: float = 0.0,
    end: float | None = None,
    batch: int = 64,
    into: Iterator[Frames] | None = None,
) -> Iterator[Frames]:
    """The frames with start <= time < end, masked with black, cropped and resized to size x size, `batch` at a time.

    Times are the container's presentation times less the first frame's, whatever the nominal rate says. Raises
    `VideoError` for a file that is empty, damaged anywhere in what was asked for, or cut short; by then all sound
    batches before the damage have been yielded. Raises `ValueError` for a crop or mask box that is not in the frame.
    `into` gives the arrays to fill, instead of new ones for each batch; their length is the batch then.
    """
    into = into or (Frames(np.empty((batch, size, size, 3), np.uint8), np.empty(batch)) for _ in count())
    shrinker = Shrinker(size)
    first: VideoFrame | None = None
    filled = 0
    for frame, seconds in _decode(path, start, end):
        if first is None:
            first = frame
            hidden = _graph(frame, crop, mask) if crop or mask else None
        elif (frame.width, frame.height) != (first.width, first.height):
            raise VideoError(
                f"{path.name}: the picture changes from {first.width}x{first.height} to {frame.width}x{frame.height} "
                f"after {seconds:.2f} s; a video must keep one size."
            )
        if not filled:
            room = next(into)
        try:
            shrinker.frame(_through(hidden, frame) if hidden else frame, room.rgb[filled])
        except av.FFmpegError as error:
            raise VideoError(
                f"{path.name}: a frame of {frame.width}x{frame.height} {frame.format.name} after {seconds:.2f} s "
                f"can't be resized: {error.strerror}"
            ) from error
        room.time[filled] = seconds
        filled += 1
        if filled == len(room):
            yield room
            filled = 0
    if filled:
        yield Frames(room.rgb[:filled], room.time[:filled])


def _graph(frame: VideoFrame, crop: Box | None, mask: Sequence[Box]) -> Graph:
    """mask -> crop, as one libavfilter graph for frames like this. Raises `ValueError` for a box outside of it."""
    width, height = frame.width, frame.height
    graph = Graph()
    graph.threads = 1
    nodes = [graph.add_buffer(width=width, height=height, format=frame.format, time_base=Fraction(1, 1000))]
    for box in mask:
        left, top, right, bottom = _clipped(box, width, height)
        nodes.append(graph.add("drawbox", f"{left}:{top}:{right - left}:{bottom - top}:color=black:thickness=fill"))
    if crop is not None:
        if _clipped(crop, width, height) != (crop.x, crop.y, crop.x + crop.w, crop.y + crop.h):
            raise ValueError(f"crop {crop} reaches out of the {width}x{height} frame; it must lie within.")
        nodes.append(graph.add("crop", f"{crop.w}:{crop.h}:{crop.x}:{crop.y}:exact=1"))
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    return graph


def _clipped(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """The part of the box inside the frame: left, top, right, bottom."""
    left, top = max(box.x, 0), max(box.y, 0)
    right, bottom = min(box.x + box.w, width), min(box.y + box.h, height)
    if left >= right or top >= bottom:
        raise ValueError(f"{box} lies outside the {width}x{height} frame; give at least one pixel of it.")
    return left, top, right, bottom


def _through(graph: Graph, frame: VideoFrame) -> VideoFrame:
    frame.pts = None
    graph.vpush(frame)
    return graph.vpull()


def _decode(path: Path, start: float, end: float | None) -> Iterator[tuple[VideoFrame, float]]:
    """Frames with start <= time < end and their times; `VideoError` for damage or, without `end`, a missing tail."""
    seconds = 0.0
    last = -1.0
    with _opened(path) as container:
        duration = _duration(container)
        try:
            for frame, seconds in _timed(path, container, start):
                if frame.is_corrupt or seconds < last:
                    found = "a damaged frame" if frame.is_corrupt else "a time that runs backwards"
                    raise VideoError(f"{path.name}: {found} after {max(last, 0):.2f} s of {duration:.2f} s.")
                last = seconds
                if end is not None and seconds >= end:
                    return
                if seconds >= start:
                    yield frame, seconds
        except av.FFmpegError as error:
            raise VideoError(
                f"{path.name}: damaged after {max(last, 0):.2f} s of {duration:.2f} s: {error.strerror}"
            ) from error
    if last < 0:
        raise VideoError(f"{path.name}: no frame could be decoded.")
    if duration - last > SLACK:
        raise VideoError(f"{path.name}: cut short, {last:.2f} s of {duration:.2f} s were read.")


def _timed(path: Path, container: InputContainer, start: float) -> Iterator[tuple[VideoFrame, float]]:
    """Frames with their times since the first, from the key frame before `start` on."""
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1  # one video a process beats one video in two threads
    origin: float | None = None
    for frame in container.decode(stream):
        if frame.time is None:
            raise VideoError(f"{path.name}: a frame carries no time; allowed are containers with presentation times.")
        if origin is None:
            origin = frame.time
            if start > 0:
                break
        yield frame, frame.time - origin
    if origin is None or start <= 0:
        return
    container.seek(int((origin + start) * av.time_base), backward=True)
    exact = False
    for frame in container.decode(stream):
        exact = exact or frame.time - origin <= start
        if not exact:
            raise VideoError(f"{path.name}: can't be opened at {start:.2f} s; its index leads to a later frame.")
        yield frame, frame.time - origin


@contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    if not path.is_file() or path.stat().st_size == 0:
        raise VideoError(f"{path.name}: {'an empty file' if path.is_file() else 'no such file'}.")
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        container = av.open(f"file:{path}", options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        raise VideoError(f"{path.name}: not a readable video ({error.strerror}); allowed are {FORMATS}.") from error
    with container:
        if not container.streams.video:
            raise VideoError(f"{path.name}: no video stream in it.")
        if container.streams.video[0].codec_context is None:
            raise VideoError(f"{path.name}: found video of an unknown codec; encode it as H.264.")
        yield container


def _duration(container: InputContainer) -> float:
    """Seconds of the video stream, 0 where the container doesn't say."""
    stream = container.streams.video[0]
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    stated = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))  # Matroska
    if stated:
        return int(stated[1]) * 3600 + int(stated[2]) * 60 + float(stated[3])
    return (container.duration or 0) / av.time_base
