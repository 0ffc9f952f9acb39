"""What the study's first answer depends on: one seed, two games, a shorter training, one thing changed at a time.

Of the labels: from models trained for less or of a larger recipe, cut at thresholds or drawn, moved in time, weighted
or chosen by confidence. Of the policy: how many of its actions are played before it looks again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.playing.arms import Scores, Study
from benchmarks.playing.labels import Way, drawn, given, labelled, likelier, offset, right, surer, thresholds, weighted
from benchmarks.playing.scores import interval, means
from nitro_ml.models.idm.label import Labeller

GAMES = ("freeway", "health_gathering")
STEPS = 1000
WAYS: Mapping[str, Way] = {
    "by the model's thresholds": thresholds,
    "drawn by their probability": drawn,
    **{f"{frames:+d} frames": offset(frames) for frames in (-4, -2, -1, 1, 2, 4)},
    "weighted by confidence": weighted,
    "the surer half": surer,
}
LABELLERS = {
    "a quarter of the training": ("quick", 300),
    "a sixteenth of the training": ("quick", 75),
    "2,400 steps of `window`": ("window", 2400),
}
EXECUTE = (1, 2, 4, 8)


def figures(study: Study, labeller: Path, ways: Mapping[str, Way], execute: Sequence[int]) -> Iterator[Figure]:
    """study: question 1's; labeller: its model, which learned from the wanderers of all games."""
    games = [game for game in study.games if game in GAMES] or study.games
    one = replace(study, games=games, seeds=study.seeds[:1], steps=min(study.steps, STEPS))
    model = Labeller(labeller)
    found = labelled(model, one.true())  # once, whatever is then made of them
    as_they_are = partial(given, model, found, likelier)
    yield from _told("true inputs", one.arm("swept-true", one.true))
    yield from _told("labels as they are", one.arm("swept", as_they_are))
    yield Figure("sweep, labels as they are: right frames", right(found), "ratio")
    for name, way in ways.items():
        yield from _told(f"labels {name}", one.arm(f"swept {name}", partial(given, model, found, way)))
    for name, (recipe, steps) in LABELLERS.items():
        other = Labeller(study.labeller("wanderers", study.anyones(), recipe, steps))
        theirs = labelled(other, one.true())
        arm = one.arm(f"swept {recipe} {steps}", partial(given, other, theirs, likelier))
        yield from _told(f"labels after {name}", arm)
        yield Figure(f"sweep, labels after {name}: right frames", right(theirs), "ratio")
    for count in execute:
        yield from _told(f"looks again after {count} actions", one.arm("swept", as_they_are, count))


def _told(name: str, scores: Scores) -> Iterator[Figure]:
    return interval(f"sweep, {name}", means(scores), "normalised score")
