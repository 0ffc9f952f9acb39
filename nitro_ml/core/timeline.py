"""Alignment by time: nominal frame rates lie, so labels meet truth at the nearest timestamp."""

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.labels import Labels

REACH = 0.1  # seconds; a frame of truth without a label this near counts as unlabelled


def nearest(time: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each of `at`, the index into rising `time` of the nearest value; the earlier of two equally near."""
    after = np.minimum(np.searchsorted(time, at), len(time) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(at - time[before] <= time[after] - at + 1e-9, before, after)


def align(labels: Labels, time: NDArray[np.float64]) -> Labels:
    """The labels at the given times, float64 [T]; where there is none within 0.1 s, nothing is held."""
    if not len(labels):
        return released(time)
    index = nearest(labels.time, time)
    known = np.abs(labels.time[index] - time) <= REACH + 1e-9
    return Labels(
        time,
        np.where(known[:, None], labels.buttons[index], np.float32(0)),
        np.where(known[:, None], labels.sticks[index], np.float32(0)),
        np.where(known, labels.confidence[index], np.float32(0)),
    )


def released(time: NDArray[np.float64]) -> Labels:
    """Nothing held at any of the given times."""
    n = len(time)
    return Labels(time, np.zeros((n, 17), np.float32), np.zeros((n, 4), np.float32), np.zeros(n, np.float32))
