"""Time in steps of a fifth of a second, in which the features are computed and the kinds are told apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.segments.smoothing import smooth

STEP = 0.2  # seconds
RARE = 10.0  # seconds after which it no longer matters how long ago something was
Rows = NDArray[np.float64]


class StepNumbers:
    """Divides the frames of a video, some at a time, into steps of `STEP` seconds from the first one on; a step without
    a frame is left out."""

    def __init__(self) -> None:
        self._start: float | None = None
        self._last = -1

    def begins(self, time: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each of the next frames begins a step, bool [n]. time: float64 [n], when they are shown, rising."""
        if not len(time):
            return np.zeros(0, np.bool_)
        self._start = time[0] if self._start is None else self._start
        number = np.floor((time - self._start) / STEP + 1e-6).astype(np.int64)
        found = np.diff(number, prepend=self._last) != 0
        self._last = int(number[-1])
        return found


@dataclass(frozen=True)
class TimeSteps:
    """Step i holds the frames first[i] to first[i + 1] (exclusive); first: int [n + 1]."""

    first: NDArray[np.int64]

    @classmethod
    def of(cls, begins: NDArray[np.bool_]) -> "TimeSteps":
        """From what `StepNumbers` says of each frame of a video."""
        return cls(np.append(np.flatnonzero(begins), len(begins)))

    def __len__(self) -> int:
        return len(self.first) - 1

    def mean(self, values: NDArray[Any]) -> Rows:
        """[T, ...] to [n, ...]."""
        sums = np.add.reduceat(values.astype(np.float64), self.first[:-1], axis=0)
        return np.asarray(sums / np.diff(self.first).reshape(-1, *[1] * (values.ndim - 1)))

    def frames(self, values: NDArray[Any]) -> NDArray[Any]:
        """[n] back to [T]."""
        return np.repeat(values, np.diff(self.first))


def behind(rows: Rows, width: int) -> Rows:
    """Mean of the `width` rows up to and with each."""
    return lagged(smooth(rows, width), width // 2)


def lagged(rows: Rows, lag: int) -> Rows:
    """The row `lag` steps before each; the first (or the last) one where there is none."""
    return rows[np.clip(np.arange(len(rows)) - lag, 0, len(rows) - 1)]


def near(mask: NDArray[np.bool_]) -> Rows:
    """Seconds since the mask was last true, and until it is again, at most `RARE`: [n, 2]."""
    return np.stack([_since(mask), _since(mask[::-1])[::-1]], axis=1)


def _since(mask: NDArray[np.bool_]) -> Rows:
    index = np.arange(len(mask))
    last = np.maximum.accumulate(np.where(mask, index, -(10**6)))
    return np.minimum((index - last) * STEP, RARE)
