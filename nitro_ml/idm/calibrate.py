"""Calibration on held-out videos: probabilities that mean what they say, thresholds, and a confidence per frame.

Each button gets Platt scaling (Platt 1999) and a threshold of its own, chosen afterwards: a threshold kept from before
would lose most presses. Both are frozen with the checkpoint.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from nitro_ml.actions import BUTTONS, Actions
from nitro_ml.idm.infer import Raw
from nitro_ml.labels import Labels
from nitro_ml.metrics.events import Found, count

FEWEST = 10  # frames held, and not held, below which a button's scaling cannot be fitted
GRID = np.linspace(0.05, 0.95, 46)


@dataclass(frozen=True)
class Calibration:
    """Per button p = sigmoid(scale * logit + shift), held from its threshold on; confidence by interpolation.

    `certainty` (rising, in [0, 1]) is the probability that the calibrated buttons give to what they say of one frame;
    `confidence` is how often such frames were right.
    """

    scale: list[float]
    shift: list[float]
    thresholds: list[float]
    certainty: list[float]
    confidence: list[float]

    def apply(self, raw: Raw) -> Labels:
        """Raw actions as labels."""
        logits = raw.logits.astype(np.float64) * np.array(self.scale) + np.array(self.shift)
        buttons = (1 / (1 + np.exp(-logits))).astype(np.float32)
        confidence = np.interp(_certainty(buttons, self.limits), self.certainty, self.confidence)
        return Labels(raw.time, buttons, np.clip(raw.sticks, -1, 1), confidence.astype(np.float32))

    @property
    def limits(self) -> NDArray[np.float32]:
        """The thresholds, float32 [17]."""
        return np.array(self.thresholds, np.float32)

    def to_dict(self) -> dict[str, Any]:
        """For the card; `Calibration(**mapping)` reads it back."""
        return asdict(self)


def calibrate(raws: Sequence[Raw], truths: Sequence[Actions], prior: NDArray[np.float64]) -> Calibration:
    """Fit on videos that were not trained on. prior: float64 [17], how often each button is held in the training set.

    A button that is hardly ever, or hardly ever not, held in the calibration videos keeps its prior: the logit is only
    shifted so that its mean probability is the prior's. One that was never seen held gets a threshold of 1.
    """
    scale, shift = np.ones(len(BUTTONS)), np.zeros(len(BUTTONS))
    logits = np.concatenate([raw.logits for raw in raws]).astype(np.float64)
    held = np.concatenate([truth.buttons for truth in truths])
    for b in range(len(BUTTONS)):
        if FEWEST <= held[:, b].sum() <= len(held) - FEWEST:
            fitted = LogisticRegression(C=1e3).fit(logits[:, b : b + 1], held[:, b])
            scale[b], shift[b] = fitted.coef_[0, 0], fitted.intercept_[0]
        else:
            p = np.clip(prior[b], 1e-4, 1 - 1e-4)
            shift[b] = np.log(p / (1 - p)) - logits[:, b].mean()
    draft = Calibration(scale.tolist(), shift.tolist(), [0.5] * len(BUTTONS), [0.0, 1.0], [0.0, 1.0])
    labels = [draft.apply(raw) for raw in raws]
    thresholds = [_threshold(labels, truths, b, prior[b] > 0) for b in range(len(BUTTONS))]
    certainty, confidence = _confidence(labels, truths, np.array(thresholds, np.float32))
    return Calibration(scale.tolist(), shift.tolist(), thresholds, certainty, confidence)


def _threshold(labels: Sequence[Labels], truths: Sequence[Actions], button: int, trained: bool) -> float:
    """The limit with the best event F1 (+-2 frames); the middle of the best where several are."""
    if not any(truth.buttons[:, button].any() for truth in truths):
        return 0.5 if trained else 1.0
    scores = []
    for limit in GRID:
        pairs = zip(labels, truths, strict=True)
        found = (count(la.buttons[:, button] >= limit, t.buttons[:, button], 2) for la, t in pairs)
        scores.append(sum((press + release for press, release in found), Found()).f1)
    best = np.flatnonzero(np.array(scores) == max(scores))
    return float(GRID[best[len(best) // 2]])


def _certainty(buttons: NDArray[np.float32], limits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of the thresholded state of all buttons at once, taking them as independent: float32 [T]."""
    return np.where(buttons >= limits, buttons, 1 - buttons).prod(axis=1)


def _confidence(
    labels: Sequence[Labels], truths: Sequence[Actions], limits: NDArray[np.float32]
) -> tuple[list[float], list[float]]:
    """Isotonic regression from certainty to: every button is as in the truth of this frame or one next to it."""
    certainty = np.concatenate([_certainty(la.buttons, limits) for la in labels])
    right = np.concatenate([_right(la.hard(limits).buttons, t.buttons) for la, t in zip(labels, truths, strict=True)])
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(certainty, right)
    return fitted.X_thresholds_.astype(float).tolist(), fitted.y_thresholds_.astype(float).tolist()


def _right(guess: NDArray[np.bool_], truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Frames in which each button agrees with the truth within one frame: bool [T]."""
    padded = np.pad(truth, [(1, 1), (0, 0)], mode="edge")
    near = np.stack([padded[:-2], padded[1:-1], padded[2:]])
    right: NDArray[np.bool_] = (near == guess).any(axis=0).all(axis=1)
    return right
