"""A drawn controller: the inferred inputs for people to look at, and the true ones on the arcade's streams."""

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from nitro_ml.actions import BUTTONS
from nitro_ml.box import Box
from nitro_ml.labels import Labels
from nitro_ml.terms import TERMS
from nitro_ml.video import FORMATS, VideoError, probe

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
    """Writes the video (H.264 in MP4, its own size and timestamps, no sound) with the inferred controller drawn on it.

    The controller sits in the bottom left corner; each frame shows the label nearest in time. `out` appears only when
    it is complete. Raises `VideoError` for an unreadable video and ValueError for empty labels.
    """
    if not len(labels):
        raise ValueError(f"{video.name}: the labels are empty; an overlay needs at least one row.")
    info = probe(video)
    partial = out.with_name(f".{out.stem}.partial.mp4")
    try:
        with (
            av.open(f"file:{video}", options={"format_whitelist": FORMATS}) as source,
            av.open(f"file:{partial}", "w") as sink,
        ):
            sink.metadata["comment"] = TERMS
            first = source.streams.video[0]
            target = sink.add_stream("libx264", rate=first.average_rate or 30)
            target.width, target.height, target.pix_fmt = info.width & ~1, info.height & ~1, "yuv420p"
            target.options = {"preset": "veryfast", "crf": "20"}
            target.codec_context.time_base = first.time_base or Fraction(1, 90_000)
            for frame in _drawn(source.decode(first), labels):
                sink.mux(target.encode(frame))
            sink.mux(target.encode(None))
        os.replace(partial, out)
    except av.FFmpegError as error:
        raise VideoError(f"{video.name}: damaged, cannot be redrawn ({error.strerror}).") from error
    finally:
        partial.unlink(missing_ok=True)
    return out


def _drawn(frames: Iterator[VideoFrame], labels: Labels) -> Iterator[VideoFrame]:
    """Each frame with its controller, cut to even sides as 4:2:0 needs, on a clock that starts at zero."""
    origin: int | None = None
    for frame in frames:
        if frame.pts is None or frame.time_base is None:
            raise VideoError("a frame carries no time; allowed are containers with presentation times.")
        origin = frame.pts if origin is None else origin
        pts = frame.pts - origin
        row = _nearest(labels.time, float(pts * frame.time_base))
        image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        image = np.ascontiguousarray(image[: frame.height & ~1, : frame.width & ~1])
        draw_controller(image, _corner(image), labels.buttons[row], labels.sticks[row])
        drawn = VideoFrame.from_ndarray(image, format="rgb24")
        drawn.pts, drawn.time_base = pts, frame.time_base
        yield drawn


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
