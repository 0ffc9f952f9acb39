"""What a trained model's labels are worth on its test videos: the figures of its card."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.clip import Clip
from nitro_ml.core.labels import Labels
from nitro_ml.evaluation.paired_bootstrap import Video, video_score
from nitro_ml.evaluation.risk_coverage import coverage_by_game
from nitro_ml.evaluation.scores import Sample
from nitro_ml.models.idm.label import compare

Labelled = Sequence[tuple[Clip, Labels]]
Thresholds = Callable[[str], NDArray[np.float32]]


def evaluate(test: Labelled, thresholds: Thresholds, known: Sequence[Clip], others: Labelled = ()) -> dict[str, Any]:
    """`metrics` (see `label.compare`), `coverage` (see `trust.coverage`) by game, and the `held_out` videos' names."""
    coverage = coverage_by_game(_by_game(test), {clip.game: thresholds(clip.game) for clip, _ in test})
    return {
        "metrics": compare(test, thresholds, known, others),
        "coverage": {game: found.to_dict() for game, found in coverage.items()},
        "held_out": sorted({clip.group for clip, _ in test}),
    }


def by_video(labelled: Labelled, thresholds: Thresholds) -> dict[str, Video]:
    """Each video's part in a comparison of two models, by its name."""
    found: dict[str, list[Sample]] = {}
    games = {clip.group: clip.game for clip, _ in labelled}
    for clip, labels in labelled:
        if clip.actions is not None:
            found.setdefault(clip.group, []).append(Sample(labels, clip.actions, clip.time, clip.group))
    return {name: video_score(games[name], samples, thresholds(games[name])) for name, samples in found.items()}


def _by_game(labelled: Labelled) -> dict[str, list[Sample]]:
    games: dict[str, list[Sample]] = {}
    for clip, labels in labelled:
        if clip.actions is not None:
            games.setdefault(clip.game, []).append(Sample(labels, clip.actions, clip.time, clip.group))
    return dict(sorted(games.items()))
