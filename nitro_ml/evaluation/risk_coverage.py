"""Does filtering pay: how wrong labels are, by how many of them are kept, the most confident first.

Risk is the share of kept frames that are not right (see `right`); coverage the share that is kept. Needs no policy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.labels import Labels
from nitro_ml.evaluation.correctness import correct
from nitro_ml.evaluation.scores import Bin, Sample, reliability

STEPS = np.linspace(0.05, 1, 20)
HALF = 0.5


@dataclass(frozen=True)
class Coverage:
    """coverage and risk: the curve, both in [0, 1]; area: under it, the lower the better (a confidence that says
    nothing has `risk_all`); risk_half: at 50% coverage; pays: risk_half as a share of risk_all, 0 without any error.

    confidence: the mean; error: expected calibration error of the confidence, over `bins`; frames: how many.
    """

    coverage: list[float]
    risk: list[float]
    area: float
    risk_all: float
    risk_half: float
    pays: float
    confidence: float
    error: float
    bins: list[Bin]
    frames: int

    def to_dict(self) -> dict[str, Any]:
        """For the card."""
        return asdict(self)


def measure(confidence: NDArray[np.float32], is_right: NDArray[np.bool_]) -> Coverage:
    """The curve of frames with this confidence, float [N], and whether each is right, bool [N], N > 0.

    Among frames of the same confidence the order means nothing: each counts as their mean.
    """
    levels, which, count = np.unique(-confidence, return_inverse=True, return_counts=True)
    wrong = np.cumsum(np.bincount(which, ~is_right, len(levels)))
    kept = np.cumsum(count) / len(confidence)
    risk = np.interp(STEPS, np.append(0, kept), np.append(0, wrong)) / (STEPS * len(confidence))
    risk_all, risk_half = float(risk[-1]), float(risk[np.searchsorted(STEPS, HALF - 1e-9)])
    bins = reliability(confidence, is_right)
    return Coverage(
        coverage=STEPS.tolist(),
        risk=risk.tolist(),
        area=float(np.trapezoid(np.append(risk[0], risk), np.append(0, STEPS))),
        risk_all=risk_all,
        risk_half=risk_half,
        pays=risk_half / risk_all if risk_all else 0.0,
        confidence=float(confidence.mean()),
        error=sum(b.count * abs(b.predicted - b.held) for b in bins) / len(confidence),
        bins=bins,
        frames=len(confidence),
    )


def risk_limit(curve: Mapping[str, Any], keep: float) -> float:
    """The limit in [0, 1] that keeps about this share of the frames: how often those at its place in the order, the
    most confident first, are wrong. curve: as `Coverage.to_dict` gives it; keep: a multiple of 0.05, under 1.
    """
    wrong = np.multiply(curve["coverage"], curve["risk"])
    place = int(np.searchsorted(STEPS, keep - 1e-9))
    return float(np.clip((wrong[place + 1] - wrong[place - 1]) / (STEPS[place + 1] - STEPS[place - 1]), 0, 1))


def coverage_by_game(
    labelled: Mapping[str, Sequence[Sample]], thresholds: Mapping[str, NDArray[np.float32]]
) -> dict[str, Coverage]:
    """Each game's curve and, where there are several, that of all games together, as `all`.

    labelled: samples whose labels are at the truth's own times; thresholds: by game, float32 [17].
    """
    marked = {game: [judged(s.labels, s, thresholds[game]) for s in samples] for game, samples in labelled.items()}
    parts = {game: [np.concatenate(part) for part in zip(*found, strict=True)] for game, found in marked.items()}
    if len(parts) > 1:
        parts["all"] = [np.concatenate(part) for part in zip(*parts.values(), strict=True)]
    return {game: measure(confidence, is_right) for game, (confidence, is_right) in parts.items()}


def judged(
    labels: Labels, sample: Sample, thresholds: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(confidence, whether it is right) of every frame of the labels."""
    hard = labels.hard(thresholds).buttons
    return labels.confidence, correct(hard, sample.truth.buttons, labels.time, sample.time)
