"""Do pseudo-labels pay? The mission's claim in closed loop, with everything known: two questions, several arms each.

1. As in the mission: labels come from anyone's play (the wanderer), the walkthroughs of experts have none. A policy
   learns from the labelled play alone; from the walkthroughs with the labels of an inverse dynamics model that learned
   from the labelled play; and, as the upper bound, from the walkthroughs with their true inputs.
2. Few expert labels: the first seconds of the walkthroughs have labels, the rest has none. The same arms, and one
   from latent actions, learned without labels, that the few labels tell the meaning of.

One policy for all games in every arm and seed; whole episodes; scores normalised between wanderer (0) and expert (1).
The share of the gap between the first and the last arm that pseudo-labels close is printed with a bootstrap interval
over seeds and episodes, where the gap exceeds its own interval. What is done is kept in `state/bench/policy`; a run
that was stopped goes on from there.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.figures import Figure
from benchmarks.playing import sweeps
from benchmarks.playing.arms import Scores, Study
from benchmarks.playing.labels import Way, decoded
from benchmarks.playing.scores import interval, means
from nitro_assets.settings import ROOT


def run(quick: bool = False) -> list[Figure]:
    """Records, trains, labels, plays and compares. `quick` does all of it for seconds, in one game."""
    if quick:
        with TemporaryDirectory() as scratch:
            tiny = (("steps", 2), ("stretches", 1), ("check", 3))
            study = Study(Path(scratch), ("basic",), (0,), 6.0, 6.0, (30,), 2, 2, tiny, (("steps", 2),))
            return list(measure(study, {"+1 frames": sweeps.WAYS["+1 frames"]}, (2,)))
    return list(measure(Study(ROOT / "state" / "bench" / "policy"), sweeps.WAYS, sweeps.EXECUTE))


def measure(study: Study, ways: Mapping[str, Way], execute: Sequence[int]) -> Iterator[Figure]:
    """The figures of both questions, and what the answers depend on (`ways`, `execute`: see `playing/sweeps.py`)."""
    labeller = study.labeller("wanderers", study.anyones())
    arms = {
        "labels alone": study.arm("wanderers", study.anyones),
        "pseudo-labels": study.arm("pseudo", cache(lambda: study.pseudo(labeller))),
        "true inputs": study.arm("true", study.true),
    }
    yield from _compared("anyone's labels", arms, 0.9)
    for seconds in study.budgets:
        yield from _compared(f"{seconds} s of expert labels a game", few(study, seconds, arms["true inputs"]), 0.7)
    yield from sweeps.figures(study, labeller, ways, execute)


def few(study: Study, seconds: int, true: Scores) -> dict[str, Scores]:
    """The arms of question 2 for so many labelled seconds a game."""
    labels = cache(lambda: study.few(seconds))
    expert, net = study.labeller(f"few{seconds}", labels()), study.latent()
    return {
        "labels alone": study.arm(f"few{seconds}", labels),
        "latent actions": study.arm(f"few{seconds}-latent", cache(lambda: decoded(net, study.true(), labels()))),
        "pseudo-labels": study.arm(f"few{seconds}-pseudo", cache(lambda: study.pseudo(expert))),
        "true inputs": true,
    }


def _compared(question: str, arms: Mapping[str, Scores], goal: float) -> Iterator[Figure]:
    """Each arm in the mean of the games, and the share of the gap that pseudo-labels close."""
    drawn = {name: means(scores) for name, scores in arms.items()}
    for name, found in drawn.items():
        yield from interval(f"{question}: {name}", found, "normalised score")
    gap = drawn["true inputs"] - drawn["labels alone"]
    low, high = np.percentile(gap[1:], [2.5, 97.5])
    yield Figure(f"{question}: gap between the first and the last arm", float(gap[0]), "normalised score")
    if gap[0] > high - low:
        share = (drawn["pseudo-labels"] - drawn["labels alone"]) / gap
        yield from interval(f"{question}: share of the gap closed", share, "ratio", goal)
