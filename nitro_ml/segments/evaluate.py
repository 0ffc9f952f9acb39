"""How well segments are found, judged per segment and never per episode.

A segment found counts as right if it is of the true one's kind and the two overlap in at least half of what they cover
together (intersection over union of 0.5, so that no two can match the same one): segmental F1 as in Lea et al., arXiv
1611.05267, section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nitro_ml.segments.smoothing import runs

OVERLAP = 0.5


@dataclass(frozen=True)
class Matches:
    """Of one kind: segments found, segments there are, and pairs that match."""

    found: int = 0
    true: int = 0
    both: int = 0

    def __add__(self, other: "Matches") -> "Matches":
        return Matches(self.found + other.found, self.true + other.true, self.both + other.both)

    @property
    def f1(self) -> float:
        """2 both / (found + true), 1 where there is neither."""
        return 2 * self.both / (self.found + self.true) if self.found + self.true else 1.0


def matches(found: NDArray[np.str_], true: NDArray[np.str_], kinds: Sequence[str]) -> dict[str, Matches]:
    """By kind. found, true: str [T], the kind of each frame of one video, T >= 1; a run of one kind is a segment."""
    result = {}
    for kind in kinds:
        guesses, facts = ([run for run in runs(v) if v[run[0]] == kind] for v in (found, true))
        both = sum(any(_overlap(guess, fact) >= OVERLAP for guess in guesses) for fact in facts)
        result[kind] = Matches(len(guesses), len(facts), both)
    return result


def macro_f1(by_kind: dict[str, Matches]) -> float:
    """The mean over the kinds of which there is a true segment."""
    return float(np.mean([m.f1 for m in by_kind.values() if m.true]))


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> float:
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return max(shared, 0) / (max(a[1], b[1]) - min(a[0], b[0]))
