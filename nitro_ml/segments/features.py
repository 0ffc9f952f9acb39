"""Cheap facts about each frame, from the pixels that are decoded for labelling anyway.

51 numbers a frame, about 0.2 ms at 96 x 96, each one of 256 levels: a byte each in the table. `judge`
needs nothing else from the pixels, so that it can change without a video being fetched again.
"""

import math

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

SIDE = 96  # pixels: what is larger is looked at in this size
GRID = 4  # cells along each side of the picture
_CELLS = [f"{row}{column}" for row in range(GRID) for column in range(GRID)]
FEATURES: tuple[str, ...] = (
    "motion",  # mean absolute luma difference from the frame before
    "moving",  # share of pixels whose luma changed by more than `STEP`
    "shimmer",  # share of pixels that changed by less, but changed: a camera's noise
    "motion_x",  # centre of the moving pixels, from the left; 0.5 where nothing moved
    "motion_y",  # the same from the top
    "spread_x",  # their standard deviation around it; 0 where nothing moved
    "spread_y",
    "pan",  # by how much of its side the picture as a whole was shifted, four times over
    "panned",  # how well that shift explains the picture
    "red",  # mean of the channel
    "green",
    "blue",
    "colourful",  # mean difference between a pixel's strongest and weakest channel
    "dark",  # share of pixels with a luma below `DARK`
    "flat",  # share of the most common of 64 colours
    "bars",  # share of the rows, from the top and from the bottom, that are black all along; the smaller one
    "edges",  # share of horizontal neighbours whose luma jumps by more than `JUMP`: text and line art
    "lines",  # standard deviation of that share over the rows: lines of text
    "sharp",  # mean absolute Laplacian
    *(f"moving_{cell}" for cell in _CELLS),  # `moving` and `edges` of the 16 cells, row by row
    *(f"edges_{cell}" for cell in _CELLS),
)
"""Each in [0, 1]. Those of motion and edges, which are small, are the root of what they say."""
STEP = 10  # of 255: above what an encoder changes in a still picture
DARK = 32  # of 255
JUMP = 40  # of 255
_ROOTED = np.array(
    [name.startswith(("mov", "motion", "shimmer", "pan", "edges", "lines", "sharp")) for name in FEATURES]
)
_ROOTED &= ~np.isin(FEATURES, ("motion_x", "motion_y", "panned"))
_SMALL = 48  # side at which the shift is looked for
_WINDOW = cv2.createHanningWindow((_SMALL, _SMALL), cv2.CV_32F)


class Features:
    """One row per frame, columns as in `FEATURES`, of the consecutive frames of one video, some at a time.

    Takes uint8 [n, S, S, 3] and gives float32 [n, 51]: the same rows whatever the batches. In a video's first frame
    nothing counts as moving.
    """

    def __init__(self) -> None:
        self._before: _Picture | None = None

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = np.empty((len(rgb), len(FEATURES)), np.float32)
        for row, frame in zip(rows, rgb, strict=True):
            now = _Picture(frame)
            row[:] = _row(now, self._before or now)
            self._before = now
        np.sqrt(rows, out=rows, where=_ROOTED)
        return np.asarray(np.rint(np.clip(rows, 0, 1) * 255) / 255, np.float32)


class _Picture:
    """A frame uint8 [S, S, 3], its luma, and the luma as small floats."""

    def __init__(self, frame: MatLike) -> None:
        large = frame.shape[0] > SIDE
        self.frame = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA) if large else frame
        self.luma = cv2.cvtColor(self.frame, cv2.COLOR_RGB2GRAY)
        self.small = cv2.resize(self.luma, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA).astype(np.float32)


def _row(now: _Picture, before: _Picture) -> list[float]:
    change = cv2.absdiff(now.luma, before.luma)
    moved = cv2.threshold(change, STEP, 255, cv2.THRESH_BINARY)[1]
    jumps = cv2.threshold(cv2.absdiff(now.luma[:, 1:], now.luma[:, :-1]), JUMP, 255, cv2.THRESH_BINARY)[1]
    return [
        *_motion(change, moved),
        *_shift(now.small, before.small),
        *_colour(now.frame, now.luma),
        *_writing(now.luma, jumps),
        *_cells(moved),
        *_cells(jumps),
    ]


def _motion(change: MatLike, moved: MatLike) -> tuple[float, ...]:
    """motion, moving, shimmer, motion_x, motion_y, spread_x, spread_y of a luma difference uint8 [S, S]."""
    height, width = change.shape
    moments = cv2.moments(moved, binaryImage=True)
    count = moments["m00"]
    shimmer = (np.count_nonzero(change > 1) - count) / change.size
    if not count:
        return cv2.mean(change)[0] / 255, 0.0, shimmer, 0.5, 0.5, 0.0, 0.0
    return (
        cv2.mean(change)[0] / 255,
        count / change.size,
        shimmer,
        (moments["m10"] / count + 0.5) / width,
        (moments["m01"] / count + 0.5) / height,
        math.sqrt(max(moments["mu20"] / count, 0)) / width,
        math.sqrt(max(moments["mu02"] / count, 0)) / height,
    )


def _shift(now: MatLike, before: MatLike) -> tuple[float, float]:
    """pan and panned, by phase correlation (Kuglin and Hines, 1975)."""
    # Copies, because OpenCV multiplies what it is given with the window.
    (x, y), response = cv2.phaseCorrelate(before.copy(), now.copy(), _WINDOW)
    return min(4 * math.hypot(x, y) / _SMALL, 1.0), min(max(response, 0.0), 1.0)


def _colour(frame: MatLike, luma: MatLike) -> tuple[float, ...]:
    """red, green, blue, colourful, dark, flat, bars of a frame uint8 [S, S, 3] and its luma."""
    red, green, blue, _ = cv2.mean(frame)
    channels = cv2.split(frame)
    most, least = cv2.max(cv2.max(*channels[:2]), channels[2]), cv2.min(cv2.min(*channels[:2]), channels[2])
    cells = cv2.calcHist([frame], [0, 1, 2], None, [4, 4, 4], [0, 256] * 3)
    lit = np.flatnonzero(luma.max(axis=1) > DARK)
    bars = min(lit[0], len(luma) - 1 - lit[-1]) / len(luma) if len(lit) else 0.5
    return (
        red / 255,
        green / 255,
        blue / 255,
        (cv2.mean(most)[0] - cv2.mean(least)[0]) / 255,
        np.count_nonzero(luma < DARK) / luma.size,
        float(cells.max()) / luma.size,
        bars,
    )


def _writing(luma: MatLike, jumps: MatLike) -> tuple[float, float, float]:
    """edges, lines and sharp of a luma uint8 [S, S] and its jumps (255 where there is one)."""
    density = cv2.reduce(jumps, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F)[:, 0] / 255
    curve = cv2.Laplacian(luma, cv2.CV_16S)
    return float(density.mean()), float(density.std()), cv2.norm(curve, cv2.NORM_L1) / luma.size / 255


def _cells(mask: MatLike) -> NDArray[np.float32]:
    """The mean of a mask (0 or 255) in each cell, float32 [16]."""
    small: MatLike = cv2.resize(mask.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    return (small.ravel() / 255).astype(np.float32)
