"""Calibration of a trained model on held-out videos, and on games it would not have known.

What its labels are worth on a foreign game cannot be learned from games it was trained on. So a few probes, short
trainings of the same recipe, each leave out some of the games, and show what such a model makes of them.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nitro_ml.calibration.held_out import HeldOutVideo
from nitro_ml.calibration.label_calibrator import LabelCalibrator, fit_label_calibrator
from nitro_ml.calibration.ood import STRETCH, OodScorer, fit_ood_scorer
from nitro_ml.core.clip import Clip
from nitro_ml.core.stream import Raw
from nitro_ml.models.idm.infer import infer
from nitro_ml.models.idm.label import stream
from nitro_ml.models.idm.model import IDM
from nitro_ml.models.idm.split import Split

PROBES = 3
LOOKS = 8  # stretches a game of training play that others are compared with

Fit = Callable[[Sequence[Clip], Sequence[Clip], int], IDM]
"""fit(clips, held_out, number): probe `number`, trained on these clips alone."""


def fit_calibrator(model: IDM, parts: Split, prior: NDArray[np.float64], fit: Fit) -> LabelCalibrator:
    """Everything of `trust` for a trained model. prior: float64 [17], share of training frames with the button held.

    fit is called for each of the probes, as long as there are two games to calibrate on.
    """
    familiar, known = _seen(model, parts.train, parts.calibration, parts.calibration)
    foreign: list[HeldOutVideo] = []
    for number, left_out in enumerate(_folds(parts)):
        rest = [clip for clip in parts.train if clip.game not in left_out]
        near = [clip for clip in parts.calibration if clip.game not in left_out]
        far = [clip for clip in parts.calibration if clip.game in left_out]
        foreign += _seen(fit(rest, near, number), rest, near, far)[1]
    return fit_label_calibrator(known, foreign, prior, familiar)


def raw(model: IDM, clip: Clip) -> Raw:
    """What a model says of a whole clip."""
    parts = list(infer(model, stream(clip)))
    return Raw(*(np.concatenate([getattr(p, f) for p in parts]) for f in ("time", "logits", "sticks", "features")))


def probes(parts: Split) -> int:
    """How many short trainings there will be."""
    return len(_folds(parts))


def _folds(parts: Split) -> list[set[str]]:
    """The games to calibrate on in up to three parts, none of which is all of them."""
    games = sorted({clip.game for clip in parts.calibration})
    return [set(games[i::PROBES]) for i in range(min(PROBES, len(games)))] if len(games) > 1 else []


def _seen(
    model: IDM, train: Sequence[Clip], near: Sequence[Clip], wanted: Sequence[Clip]
) -> tuple[OodScorer, list[HeldOutVideo]]:
    """How the model's training looks, and the wanted clips as it sees them. near: held-out clips of its own games."""
    raws = {id(clip): raw(model, clip) for clip in [*near, *wanted]}
    familiar = fit_ood_scorer([raw(model, clip) for clip in _looks(train)], [raws[id(clip)] for clip in near])
    seen = [(clip, raws[id(clip)]) for clip in wanted if clip.actions]
    return familiar, [HeldOutVideo(r, clip.actions, clip.game, familiar.of(r)) for clip, r in seen if clip.actions]


def _looks(clips: Sequence[Clip]) -> Iterator[Clip]:
    """A few seconds of some clips of each game, earlier in some and later in others."""
    for game in sorted({clip.game for clip in clips}):
        mine = [clip for clip in clips if clip.game == game]
        for i in range(LOOKS):
            clip = mine[i * len(mine) // LOOKS]
            middle = clip.time[0] + (clip.time[-1] - clip.time[0]) * (i + 0.5) / LOOKS
            near = np.flatnonzero(np.abs(clip.time - middle) <= 1.5 * STRETCH)
            piece = slice(int(near[0]), int(near[-1]) + 1)
            yield Clip(clip.frames[piece], clip.time[piece], clip.game, clip.group)
