"""Scores with intervals, and on the scale on which the wanderer has 0 and the expert 1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000

Scores = Sequence[float] | NDArray[np.float64]
"""One number an episode."""


@dataclass(frozen=True)
class Interval:
    """A mean and the bounds of its 95% interval."""

    mean: float
    low: float
    high: float


def interval(scores: Scores) -> Interval:
    """The mean score with a 95% percentile bootstrap interval; few episodes give a wide and only rough one."""
    return _interval(np.mean(scores), _means(scores, 0))


def normalised(scores: Scores, wanderer: Scores, expert: Scores) -> Interval:
    """(mean - the wanderer's) / (the expert's - the wanderer's), with a 95% interval over the episodes of all three."""
    means = [np.asarray(np.mean(own)) for own in (scores, wanderer, expert)]
    draws = [_means(own, number) for number, own in enumerate((scores, wanderer, expert))]
    return _interval(_share(*means), _share(*draws))


def rows(scores: Mapping[str, Scores]) -> list[dict[str, Any]]:
    """A row a player of one game: the mean score with its interval, and where both are there the normalised one."""
    found = []
    for who, own in scores.items():
        i = interval(own)
        row = {"player": who, "episodes": len(own), "mean": i.mean, "low": i.low, "high": i.high}
        if {"wanderer", "expert"} <= set(scores):
            n = normalised(own, scores["wanderer"], scores["expert"])
            row |= {"normalised": n.mean, "normalised low": n.low, "normalised high": n.high}
        found.append(row)
    return found


def _share(own: NDArray[np.float64], wanderer: NDArray[np.float64], expert: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((own - wanderer) / np.where(expert == wanderer, np.nan, expert - wanderer))


def _means(scores: Scores, seed: int) -> NDArray[np.float64]:
    """The means of `RESAMPLES` resamplings of the episodes."""
    values = np.asarray(scores, np.float64)
    return values[np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))].mean(1)


def _interval(mean: np.floating | NDArray[np.float64], draws: NDArray[np.float64]) -> Interval:
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Interval(float(mean), float(low), float(high))
