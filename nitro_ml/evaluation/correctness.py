"""When a frame's label is right: the event whose probability is the confidence."""

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.resample import RATE
from nitro_ml.core.timeline import nearest

NEAR = 1 / RATE
"""Seconds: one frame of time, whatever the video's own rate."""
SLACK = 1e-4  # times are rounded


def correct(
    guess: NDArray[np.bool_], truth: NDArray[np.bool_], time: NDArray[np.float64], at: NDArray[np.float64] | None = None
) -> NDArray[np.bool_]:
    """Frames whose buttons are all right within one frame of time: bool [T].

    Frame t is right if for each of the 17 buttons the label's state at t is the truth's at some frame shown within
    1/30 s of t (t itself included), and the truth's state at t is the label's at some such frame. Both ways, so
    that a press one frame early or late is right, and one that never was or was missed, however short, is wrong.
    Sticks don't count. guess: bool [T, 17] at times `time`, float64 [T] in seconds; truth: bool [N, 17] at times `at`
    (default: the guess's own). A frame without any truth within 1/30 s is wrong.
    """
    known = np.ones(len(time), bool)
    if at is not None:
        index = nearest(at, time)
        truth, known = truth[index], np.abs(at[index] - time) <= NEAR + SLACK
    first = np.searchsorted(time, time - NEAR - SLACK, "left")
    last = np.searchsorted(time, time + NEAR + SLACK, "right")
    found: NDArray[np.bool_] = known & _near(guess, truth, first, last) & _near(truth, guess, first, last)
    return found


def _near(
    said: NDArray[np.bool_], other: NDArray[np.bool_], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Frames t in which each button of `said` is as `other` has it in one of the frames first[t]..last[t]: bool [T]."""
    before = np.concatenate([np.zeros((1, other.shape[1]), np.int64), other.cumsum(axis=0)])
    held = before[last] - before[first]
    near: NDArray[np.bool_] = np.where(said, held > 0, held < (last - first)[:, None]).all(axis=1)
    return near
