"""Video in, frames at the model's resolution out: the one preprocessing that training, labelling and play share.

Masking and cropping come before the resize, which is `pixels`'; how a file is opened, timed and shown is `film`'s.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from pathlib import Path

import av
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from nitro_ml.core.box import Box
from nitro_ml.video.container import FORMATS, CutError, Film, VideoError, opened
from nitro_ml.video.display import Showing, showing
from nitro_ml.video.resize import Resizer
from nitro_ml.video.timestamps import frames, packets, seams
from nitro_ml.video.truncation import check_end, ending, seconds_of

__all__ = ["FORMATS", "CutError", "Frames", "VideoError", "VideoInfo", "decoded", "probe", "read"]


@dataclass(frozen=True)
class VideoInfo:
    """What the container says: pixels of the upright picture, frames a second, seconds, and the number of frames where
    it is stored.

    picture: what is done so that it is seen as meant, in words; nothing for a plain file. whole: whether the
    container's own structure shows that nothing is missing at its end; false where it can't tell. turn, mirrored: how
    the stored picture is made upright, in quarter turns counterclockwise after mirroring.
    """

    width: int
    height: int
    fps: float
    duration: float
    frames: int | None
    picture: str = ""
    whole: bool = False
    turn: int = 0
    mirrored: bool = False

    def upright(self, box: Box) -> Box:
        """Where a box in pixels of the stored picture lies in the upright one."""
        width, height = (self.height, self.width) if self.turn % 2 else (self.width, self.height)
        return Showing(self.turn, self.mirrored).seen(box, width, height)


@dataclass(frozen=True)
class Frames:
    """Consecutive frames. rgb: uint8 [n, S, S, 3]; time: float64 [n], seconds since the file's first frame."""

    rgb: NDArray[np.uint8]
    time: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time)


def probe(path: Path) -> VideoInfo:
    """What the container states; the first frame is decoded, and a transport stream is read through for seams. Raises
    `VideoError`."""
    with opened(path) as film:
        first, shown = first_shown(film)
        width, height = shown.size(first.width, first.height)
        stream = film.stream
        rate, duration, whole = stream.average_rate or stream.guessed_rate, seconds_of(film), ending(path, film)
        joined = [f"clock set on at {len(found)} seam{'s'[: len(found) > 1]}"] if (found := seams(film)) else []
    picture = "; ".join([*([film.found] if film.found else []), *shown.description, *joined])
    return VideoInfo(
        width,
        height,
        float(rate or 0),
        duration,
        stream.frames or None,
        picture,
        whole == "whole",
        shown.turn,
        shown.mirrored,
    )


def first_shown(film: Film) -> tuple[VideoFrame, Showing]:
    """The first frame and how all are to be shown. Raises `VideoError`."""
    try:
        first = next((frame for packet in packets(film) for frame in packet.decode()), None)
    except av.FFmpegError as error:
        raise VideoError(f"{film.name}: damaged at its beginning: {error.strerror}") from error
    if first is None:
        raise VideoError(f"{film.name}: no frame could be decoded.")
    return first, showing(first, film.stream.sample_aspect_ratio, film.name)


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
    shrinker = Resizer(size)
    shown: Showing | None = None
    filled = 0
    for frame, seconds in decoded(path, start, end):
        if shown is None:
            shown = showing(frame, None, path.name)
            hidden = _graph(frame, shown, crop, mask) if crop or mask else None
        if not filled:
            room = next(into)
        try:
            shrinker.frame(_through(hidden, frame) if hidden else frame, room.rgb[filled], shown)
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


def _graph(frame: VideoFrame, shown: Showing, crop: Box | None, mask: Sequence[Box]) -> Graph:
    """mask -> crop, as one libavfilter graph for frames like this. Raises `ValueError` for a box outside of it."""
    stored = frame.width, frame.height
    width, height = shown.size(*stored)
    graph = Graph()
    graph.threads = 1
    nodes = [graph.add_buffer(width=stored[0], height=stored[1], format=frame.format, time_base=Fraction(1, 1000))]
    for box in mask:
        seen = shown.stored(_clipped(box, width, height), *stored)
        nodes.append(graph.add("drawbox", f"{seen.x}:{seen.y}:{seen.w}:{seen.h}:color=black:thickness=fill"))
    if crop is not None:
        if _clipped(crop, width, height) != crop:
            raise ValueError(f"crop {crop} reaches out of the {width}x{height} frame; it must lie within.")
        seen = shown.stored(crop, *stored)
        nodes.append(graph.add("crop", f"{seen.w}:{seen.h}:{seen.x}:{seen.y}:exact=1"))
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    return graph


def _clipped(box: Box, width: int, height: int) -> Box:
    """The part of the box inside the frame."""
    left, top = max(box.x, 0), max(box.y, 0)
    right, bottom = min(box.x + box.w, width), min(box.y + box.h, height)
    if left >= right or top >= bottom:
        raise ValueError(f"{box} lies outside the {width}x{height} frame; give at least one pixel of it.")
    return Box(left, top, right - left, bottom - top)


def _through(graph: Graph, frame: VideoFrame) -> VideoFrame:
    frame.pts = None
    graph.vpush(frame)
    return graph.vpull()


def decoded(path: Path, start: float = 0.0, end: float | None = None) -> Iterator[tuple[VideoFrame, float]]:
    """Frames with start <= time < end and their times; `VideoError` for damage or, without `end`, a missing tail."""
    last = -1.0
    kept: tuple[object, ...] | None = None
    try:
        for frame, seconds in frames(path, start):
            if frame.is_corrupt:
                raise VideoError(f"{path.name}: a damaged frame after {max(last, 0):.2f} s.")
            if seconds < last:
                raise VideoError(
                    f"{path.name}: the times go back by {last - seconds:.2f} s after {last:.2f} s, as where two "
                    "recordings are joined; cut it there and label the parts."
                )
            last = seconds
            if end is not None and seconds >= end:
                return
            if seconds >= start:
                now = frame.width, frame.height, frame.rotation, frame.color_trc
                if now != kept and kept is not None:
                    raise VideoError(_changed(path.name, kept, now, seconds))
                kept = now
                yield frame, seconds
    except av.FFmpegError as error:
        check_end(path, max(last, 0))
        raise VideoError(f"{path.name}: damaged after {max(last, 0):.2f} s: {error.strerror}") from error
    check_end(path, last)


def _changed(name: str, kept: tuple[object, ...], now: tuple[object, ...], seconds: float) -> str:
    """What is new in the picture: its size, else its rotation or transfer."""
    words = "{}x{}" if kept[:2] != now[:2] else "{}x{} turned by {} degrees, transfer {}"
    return (
        f"{name}: the picture changes from {words.format(*kept)} to {words.format(*now)} after {seconds:.2f} s; a "
        "video must keep one."
    )
