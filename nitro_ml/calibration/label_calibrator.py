"""From raw logits to labels one can believe: everything that is frozen with a checkpoint after its training."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.calibration.calibration import POOLED, Calibration, Scaling, calibrate
from nitro_ml.calibration.confidence import OOD_SCORE, Confidence, evidence, fit_confidence
from nitro_ml.calibration.held_out import HeldOutVideo, shares
from nitro_ml.calibration.ood import STRETCH, OodScorer, window_means
from nitro_ml.core.actions import BUTTONS, STICKS
from nitro_ml.core.labels import Labels
from nitro_ml.core.resample import RATE
from nitro_ml.core.stream import BLOCK, Raw, Rows, blocks
from nitro_ml.evaluation.correctness import correct

OOD_THRESHOLD = 1.25
"""How strange a stretch may be to be believed to show the game it is said to show. By its definition 1 in 100 held-out
frames of known games is over 1; on Atari, known games stayed under 1.2 and unseen ones had medians from 1.4 to 4."""
REACH = STRETCH + 0.5 / RATE
CONFIDENCES = ("named", "misnamed", "unnamed")


@dataclass(frozen=True)
class LabelCalibrator:
    """named: for videos of a game with a calibration of its own, as long as they look familiar; misnamed: where they
    don't; unnamed: for all others.

    taught: whether the latter two were learned from games that the model had not seen. If not (it knows one game
    only), nothing is known of foreign ones, and the confidence there is 0.
    """

    calibration: Calibration
    familiar: OodScorer
    named: Confidence
    misnamed: Confidence
    unnamed: Confidence
    taught: bool

    def label(self, raws: Iterable[Raw], game: str | None = None) -> Iterator[Labels]:
        """Labels of one video's raw actions, in order, a block at a time; memory does not grow with the video."""
        name, scaling = self.calibration.name(game), self.calibration.of(game)
        for block in blocks((self._rows(piece, scaling) for raw in raws for piece in _pieces(raw)), REACH, REACH):
            time, at, here = block.rows.time, block.time, slice(block.first, block.last)
            values: NDArray[np.float32] = block.rows.values.astype(np.float32, copy=False)
            buttons, sticks, places = np.split(values, [len(BUTTONS), len(BUTTONS) + len(STICKS)], axis=1)
            ood_score = self.familiar.score(window_means(places, time, at))
            confidence = self.confidence(evidence(buttons, scaling.threshold_array, time, ood_score, at), name)
            yield Labels(at, buttons[here], sticks[here], confidence, name)

    def confidence(self, found: NDArray[np.float64], name: str) -> NDArray[np.float32]:
        """Of frames with this evidence, float32 [T], under the calibration of this name."""
        foreign = found[:, OOD_SCORE] > OOD_THRESHOLD
        if name == POOLED:
            confidence = self.unnamed.apply(found)
        else:
            confidence = np.where(foreign, self.misnamed.apply(found), self.named.apply(found))
        return confidence if self.taught else np.where(foreign, np.float32(0), confidence)

    def _rows(self, raw: Raw, scaling: Scaling) -> Rows:
        parts = scaling.apply(raw.logits), np.clip(raw.sticks, -1, 1), self.familiar.place(raw.features)
        return Rows(raw.time, np.concatenate(parts, axis=1))

    def card(self) -> dict[str, Any]:
        """What goes into the checkpoint's card; the rest is in `tensors`."""
        confidence = {name: getattr(self, name).to_dict() for name in CONFIDENCES}
        return {"calibration": self.calibration.to_dict(), "confidence": {**confidence, "taught": self.taught}}

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """What goes into the checkpoint's weights file."""
        return self.familiar.tensors()

    @staticmethod
    def read(card: Mapping[str, Any], tensors: Mapping[str, NDArray[np.float32]]) -> "LabelCalibrator":
        """As `card` and `tensors` gave it."""
        confidence = card["confidence"]
        return LabelCalibrator(
            Calibration.from_dict(card["calibration"]),
            OodScorer(**tensors),
            **{name: Confidence(**confidence[name]) for name in CONFIDENCES},
            taught=confidence["taught"],
        )


def fit_label_calibrator(
    known: Sequence[HeldOutVideo], foreign: Sequence[HeldOutVideo], prior: NDArray[np.float64], familiar: OodScorer
) -> LabelCalibrator:
    """Fit calibration and confidence on videos that were not trained on.

    known: of the model's own games; foreign: of games that the model they come from had not seen, with calibration and
    strangeness by that model's means. prior: float64 [17], share of the training frames in which each button is held.
    """
    calibration = calibrate(known, foreign, prior)
    named = _fit(known, [calibration.of(h.game) for h in known], range(len(known)))
    games = sorted({h.game for h in known})
    wrong = [calibration.of(games[games.index(h.game) - 1]) for h in foreign]
    misnamed = _fit(foreign, wrong, [h.game for h in foreign]) if foreign else named
    together = [*known, *foreign]
    unnamed = _fit(together, [calibration.pooled] * len(together), [h.game for h in together])
    return LabelCalibrator(calibration, familiar, named, misnamed, unnamed, bool(foreign))


def _fit(videos: Sequence[HeldOutVideo], scalings: Sequence[Scaling], groups: Iterable[Any]) -> Confidence:
    found, was_right = [], []
    for h, scaling in zip(videos, scalings, strict=True):
        buttons, thresholds, time = scaling.apply(h.raw.logits), scaling.threshold_array, h.raw.time
        found.append(evidence(buttons, thresholds, time, h.ood_score, time))
        was_right.append(correct(buttons >= thresholds, h.truth.buttons, time))
    whose = [group for group, h in zip(groups, videos, strict=True) for _ in range(len(h.truth))]
    return fit_confidence(np.concatenate(found), np.concatenate(was_right), whose, shares(videos))


def _pieces(raw: Raw) -> Iterator[Raw]:
    """Cut at every BLOCK frames, as inference gives them, so that a whole video is labelled as its stream is."""
    for i in range(0, len(raw.time), BLOCK):
        yield Raw(*(getattr(raw, name)[i : i + BLOCK] for name in ("time", "logits", "sticks", "features")))
