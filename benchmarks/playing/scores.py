"""The mean score of an arm of the policy study, and how sure it is."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure
from benchmarks.playing.arms import Scores

RESAMPLES = 2000


def means(scores: Scores) -> NDArray[np.float64]:
    """The mean over games of the mean over seeds and episodes: of what was played, then of resamplings of both."""
    rng = np.random.default_rng(0)
    means = [np.mean([np.mean([e.mean() for e in seeds]) for seeds in scores.values()])]
    for _ in range(RESAMPLES):
        games = []
        for seeds in scores.values():
            chosen = [seeds[k] for k in rng.integers(len(seeds), size=len(seeds))]
            games.append(np.mean([rng.choice(e, len(e)).mean() for e in chosen]))
        means.append(np.mean(games))
    return np.array(means)


def interval(name: str, drawn: NDArray[np.float64], unit: str, goal: float | None = None) -> Iterator[Figure]:
    """The first value, and the 95% interval of the others, which are resamplings of it."""
    low, high = np.percentile(drawn[1:], [2.5, 97.5])
    yield Figure(name, float(drawn[0]), unit, goal)
    yield Figure(f"{name}, 95% interval from", float(low), unit)
    yield Figure(f"{name}, to", float(high), unit)
