"""Events: presses and releases found within a few frames, one to one.

A button is almost always unchanged, so what counts is whether its changes are found, and when.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class EventCounts:
    """How many events were predicted, how many there truly were, and how many of them were matched one to one."""

    matched: int = 0
    predicted: int = 0
    true: int = 0

    def __add__(self, other: "EventCounts") -> "EventCounts":
        return EventCounts(self.matched + other.matched, self.predicted + other.predicted, self.true + other.true)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall in [0, 1]; 1 where nothing happened and nothing was predicted."""
        total = self.predicted + self.true
        return 2 * self.matched / total if total else 1.0

    @property
    def recall(self) -> float | None:
        """Share of the true events that were found; None where there were none."""
        return self.matched / self.true if self.true else None


def match(predicted: NDArray[np.int64], true: NDArray[np.int64], k: int) -> int:
    """The largest number of pairs (predicted, true) at most k apart, each used once. Both rising.

    On a line, taking the earliest possible partner each time is optimal.
    """
    i = j = matched = 0
    while i < len(predicted) and j < len(true):
        if abs(predicted[i] - true[j]) <= k:
            matched, i, j = matched + 1, i + 1, j + 1
        elif predicted[i] < true[j]:
            i += 1
        else:
            j += 1
    return matched


def presses(held: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Frames at which one button, bool [T], goes down; what is held in frame 0 is no event."""
    return np.flatnonzero(held[1:] & ~held[:-1]) + 1


def count(
    predicted: NDArray[np.bool_], true: NDArray[np.bool_], k: int, known: NDArray[np.bool_] | None = None
) -> tuple[EventCounts, EventCounts]:
    """Presses and releases of one button, each bool [T], matched within +-k frames.

    known: bool [T], the frames in which the truth can be seen; default all. A true event at frame t is then scored only
    where t - 1 and t are known. Every predicted event may find such a one; one that finds none is an error only where
    all frames from t - 1 - k to t + k are known, and else left out.
    """
    known = np.ones(len(true), np.bool_) if known is None else known
    press = _count_events(presses(predicted), presses(true), k, known)
    return press, _count_events(presses(~predicted), presses(~true), k, known)


def _count_events(
    predicted: NDArray[np.int64], true: NDArray[np.int64], k: int, known: NDArray[np.bool_]
) -> EventCounts:
    """Of the largest matchings, the one that leaves the fewest errors."""
    hidden = np.concatenate([[0], np.cumsum(~known)])

    def clear(events: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
        """The events with no hidden frame from t - 1 - reach to t + reach."""
        after = np.minimum(events + reach + 1, len(known))
        return events[hidden[after] == hidden[np.maximum(events - 1 - reach, 0)]]

    true, blamed = clear(true, 0), clear(predicted, k)
    matched = match(predicted, true, k)
    return EventCounts(matched, matched + len(blamed) - match(blamed, true, k), len(true))
