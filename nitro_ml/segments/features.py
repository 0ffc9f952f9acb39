"""Cheap facts about each frame, from the pixels that are decoded for labelling anyway.

Twelve numbers a frame, about 0.1 ms at 96 x 96; small enough to be stored beside the labels. `judge` needs nothing else
from the pixels, so a rule can change without a video being fetched again.
"""

import math

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

FEATURES: tuple[str, ...] = (
    "motion",  # mean absolute luma difference from the frame before, [0, 1]
    "moving",  # share of pixels whose luma changed by more than `STEP`, [0, 1]
    "motion_x",  # centre of those pixels, [0, 1] from the left; 0.5 where nothing moved
    "motion_y",  # the same from the top
    "spread_x",  # their standard deviation around it, [0, 0.5]; 0 where nothing moved
    "spread_y",
    "red",  # mean of the channel, [0, 1]
    "green",
    "blue",
    "dark",  # share of pixels with a luma below `DARK`, [0, 1]
    "flat",  # share of the most common of 64 colours, [0, 1]
    "edges",  # share of horizontal neighbours whose luma jumps by more than `JUMP`: text and line art, [0, 1]
)
STEP = 10  # of 255: above what an encoder changes in a still picture
DARK = 32  # of 255
JUMP = 40  # of 255


def features(rgb: NDArray[np.uint8], previous: NDArray[np.uint8] | None = None) -> NDArray[np.float32]:
    """One row per frame, columns as in `FEATURES`.

    rgb: uint8 [n, S, S, 3], consecutive frames; previous: uint8 [S, S, 3], the frame before the first one, or None at
    the start of a video, where nothing counts as moving. Batches give the same rows as the whole video at once.
    Returns float32 [n, 12].
    """
    rows = np.empty((len(rgb), len(FEATURES)), np.float32)
    before = None if previous is None else cv2.cvtColor(previous, cv2.COLOR_RGB2GRAY)
    for row, frame in zip(rows, rgb, strict=True):
        luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        change = cv2.absdiff(luma, luma if before is None else before)
        row[:] = (*_motion(change), *_colour(frame, luma))
        before = luma
    return rows


def _motion(change: MatLike) -> tuple[float, ...]:
    """motion, moving, motion_x, motion_y, spread_x, spread_y of a luma difference uint8 [S, S]."""
    height, width = change.shape
    moments = cv2.moments((change > STEP).view(np.uint8), binaryImage=True)
    moved = moments["m00"]
    if not moved:
        return cv2.mean(change)[0] / 255, 0.0, 0.5, 0.5, 0.0, 0.0
    return (
        cv2.mean(change)[0] / 255,
        moved / change.size,
        (moments["m10"] / moved + 0.5) / width,
        (moments["m01"] / moved + 0.5) / height,
        math.sqrt(max(moments["mu20"] / moved, 0)) / width,
        math.sqrt(max(moments["mu02"] / moved, 0)) / height,
    )


def _colour(frame: MatLike, luma: MatLike) -> tuple[float, ...]:
    """red, green, blue, dark, flat, edges of a frame uint8 [S, S, 3] and its luma."""
    red, green, blue, _ = cv2.mean(frame)
    cells = cv2.calcHist([frame], [0, 1, 2], None, [4, 4, 4], [0, 256] * 3)
    jumps = cv2.absdiff(luma[:, 1:], luma[:, :-1]) > JUMP
    return (
        red / 255,
        green / 255,
        blue / 255,
        np.count_nonzero(luma < DARK) / luma.size,
        float(cells.max()) / luma.size,
        np.count_nonzero(jumps) / jumps.size,
    )
