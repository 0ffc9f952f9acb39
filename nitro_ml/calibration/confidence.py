"""One number per frame: the probability that its buttons are all right within one frame of time (see `right`).

A logistic regression over what the calibrated labels say of themselves and of their neighbourhood, then isotonic
regression on scores that were made without the frame's own game (cross-fitted), so that the number is honest where the
logistic curve is not.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.resample import RATE
from nitro_ml.core.timeline import nearest

AROUND = np.arange(-4, 5) / RATE
EVIDENCE = ("sure", "sure_around", "least_sure_around", "changes_around", "ood_score")
OOD_SCORE = EVIDENCE.index("ood_score")
KNOTS = 40  # steps of the isotonic regression
FOLDS = 8


@dataclass(frozen=True)
class Confidence:
    """score = weights . evidence + bias, [0, 1] by interpolation in the rising `scores` and `chances`."""

    weights: list[float]
    bias: float
    scores: list[float]
    chances: list[float]

    def apply(self, evidence: NDArray[np.float64]) -> NDArray[np.float32]:
        """Confidence float32 [T] of evidence [T, 5]."""
        return np.interp(evidence @ np.array(self.weights) + self.bias, self.scores, self.chances).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """For the card; `Confidence(**mapping)` reads it back."""
        return asdict(self)


def evidence(
    buttons: NDArray[np.float32],
    thresholds: NDArray[np.float32],
    time: NDArray[np.float64],
    ood_score: NDArray[np.float32],
    at: NDArray[np.float64],
) -> NDArray[np.float64]:
    """What is known about the frames at times `at` [n]: float64 [n, 5], columns `EVIDENCE`.

    buttons: float32 [T, 17] probabilities at `time` [T], which covers `at` and 4/30 s on both sides of it; thresholds:
    [17]; ood_score: float32 [n]. `sure` is the log-odds of all buttons being as the thresholds say, taken as
    independent.
    """
    hard = buttons >= thresholds
    together = np.where(hard, buttons, 1 - buttons).astype(np.float64).clip(1e-6, 1).prod(axis=1).clip(1e-6, 1 - 1e-6)
    sure = np.log(together / (1 - together))
    changes = np.concatenate([[0], (hard[1:] != hard[:-1]).sum(axis=1)])
    around = nearest(time, at[:, None] + AROUND)
    return np.stack(
        [
            sure[nearest(time, at)],
            sure[around].mean(axis=1),
            sure[around].min(axis=1),
            np.log1p(changes[around].sum(axis=1)),
            ood_score.astype(np.float64).clip(-2, 20),
        ],
        axis=1,
    )


def fit_confidence(
    found: NDArray[np.float64], right: NDArray[np.bool_], groups: Sequence[Any], weight: NDArray[np.float64]
) -> Confidence:
    """found: evidence [N, 5]; right: bool [N]; groups: what the cross-fitting leaves out together, [N]; weight: [N]."""
    from sklearn.model_selection import GroupKFold  # seconds, which a process that only infers is spared

    if right.all() or not right.any():
        chance = float(right.mean())
        return Confidence([0.0] * len(EVIDENCE), 0.0, [0.0, 1.0], [chance, chance])
    weights, bias = _logistic(found, right, weight)
    if weights[OOD_SCORE] > 0:  # chance: looking foreign never makes a label more believable
        found = np.where(np.arange(len(EVIDENCE)) == OOD_SCORE, 0, found)
        weights, bias = _logistic(found, right, weight)
    score = found @ weights + bias
    folds = min(FOLDS, len(set(groups)))
    for rest, left_out in GroupKFold(folds).split(found, right, groups) if folds > 1 else []:
        if right[rest].any() and not right[rest].all():
            others, shift = _logistic(found[rest], right[rest], weight[rest])
            score[left_out] = found[left_out] @ others + shift
    return Confidence(weights.tolist(), bias, *_isotonic(score, right, weight))


def _logistic(
    found: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """(weights [5], bias), in the evidence's own units."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(found)
    logistic = LogisticRegression().fit(scaler.transform(found), right, weight)
    weights = logistic.coef_[0] / scaler.scale_
    return weights, float(logistic.intercept_[0] - weights @ scaler.mean_)


def _isotonic(
    score: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[list[float], list[float]]:
    """Rising chances at quantiles of the score; the bins keep it small and from following single frames."""
    from sklearn.isotonic import IsotonicRegression

    edges = np.unique(np.quantile(score, np.linspace(0, 1, KNOTS + 1)))
    which = np.clip(np.searchsorted(edges, score, "right") - 1, 0, max(len(edges) - 2, 0))
    total = np.bincount(which, weight)
    kept = total > 0
    middle = np.bincount(which, weight * score)[kept] / total[kept]
    share = np.bincount(which, weight * right)[kept] / total[kept]
    rising = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(middle, share, total[kept])
    return middle.tolist(), rising.predict(middle).astype(float).tolist()
