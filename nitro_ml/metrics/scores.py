"""The honest table: how well inferred inputs match the true ones, over one or several videos of a game."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score

from nitro_ml.actions import BUTTONS, Actions
from nitro_ml.labels import Labels
from nitro_ml.metrics.align import align
from nitro_ml.metrics.events import Found, count

BINS = 10


@dataclass(frozen=True)
class Sample:
    """One video's labels beside its truth. time: float64 [T], seconds of the truth's frames; video: its name."""

    labels: Labels
    truth: Actions
    time: NDArray[np.float64]
    video: str = ""


@dataclass(frozen=True)
class Bin:
    """One bar of the reliability diagram: mean predicted probability, share truly held, and how many there were."""

    predicted: float
    held: float
    count: int


@dataclass(frozen=True)
class ButtonScores:
    """One button that occurs in the truth."""

    average_precision: float
    f1: float
    event_f1_1: float
    event_f1_2: float
    press_recall: float | None
    held: float


@dataclass(frozen=True)
class Scores:
    """All in [0, 1] but `stick_r2` (at most 1), None where the truth has nothing to measure it on.

    event_f1_k: presses and releases of all buttons within +-k frames of the truth, pooled; press_recall: within +-2;
    macro_*: means over the buttons that occur; joint_accuracy: all 17 right at once; ece: expected calibration error
    over the buttons that occur; stick_r2: over the axes that move; stick_mae: over all four.
    """

    event_f1_1: float
    event_f1_2: float
    macro_ap: float | None
    macro_f1: float | None
    press_recall: float | None
    joint_accuracy: float
    stick_r2: float | None
    stick_mae: float
    ece: float | None
    frames: int
    buttons: dict[str, ButtonScores]
    reliability: list[Bin]

    def to_dict(self) -> dict[str, Any]:
        """Plain mappings, lists and numbers, ready for JSON."""
        return asdict(self)


def evaluate(
    labels: Labels, truth: Actions, time: NDArray[np.float64], thresholds: NDArray[np.float32] | float = 0.5
) -> Scores:
    """Scores of one video; labels and truth are aligned by time, not by index."""
    return evaluate_many([Sample(labels, truth, time)], thresholds)


def evaluate_many(samples: Sequence[Sample], thresholds: NDArray[np.float32] | float = 0.5) -> Scores:
    """Scores pooled over several videos: frames together, events within each video. Raises `ValueError` for none."""
    if not sum(len(s.truth) for s in samples):
        raise ValueError("evaluate: found no frame of truth; needed is at least one.")
    aligned = [align(s.labels, s.time) for s in samples]
    guessed = [labels.hard(thresholds).buttons for labels in aligned]
    held = np.concatenate([s.truth.buttons for s in samples])
    probability = np.concatenate([labels.buttons for labels in aligned])
    sticks = np.concatenate([labels.sticks for labels in aligned])
    true_sticks = np.concatenate([s.truth.sticks for s in samples])
    hard = np.concatenate(guessed)

    occurs = [b for b in range(len(BUTTONS)) if held[:, b].any()]
    events = {k: [_events(guessed, samples, b, k) for b in range(len(BUTTONS))] for k in (1, 2)}
    buttons = {
        BUTTONS[b]: ButtonScores(
            average_precision=float(average_precision_score(held[:, b], probability[:, b])),
            f1=float(f1_score(held[:, b], hard[:, b], zero_division=0.0)),
            event_f1_1=sum(events[1][b], Found()).f1,
            event_f1_2=sum(events[2][b], Found()).f1,
            press_recall=events[2][b][0].recall,
            held=float(held[:, b].mean()),
        )
        for b in occurs
    }
    reliability = _reliability(probability[:, occurs], held[:, occurs])
    return Scores(
        event_f1_1=sum((found for pair in events[1] for found in pair), Found()).f1,
        event_f1_2=sum((found for pair in events[2] for found in pair), Found()).f1,
        macro_ap=_mean([b.average_precision for b in buttons.values()]),
        macro_f1=_mean([b.f1 for b in buttons.values()]),
        press_recall=sum((press for press, _ in events[2]), Found()).recall,
        joint_accuracy=float((hard == held).all(axis=1).mean()),
        stick_r2=_r2(sticks, true_sticks),
        stick_mae=float(np.abs(sticks - true_sticks).mean()),
        ece=sum(bin.count * abs(bin.predicted - bin.held) for bin in reliability) / (len(held) * len(occurs))
        if occurs
        else None,
        frames=len(held),
        buttons=buttons,
        reliability=reliability,
    )


def _events(guessed: list[NDArray[np.bool_]], samples: Sequence[Sample], button: int, k: int) -> tuple[Found, Found]:
    press, release = Found(), Found()
    for guess, sample in zip(guessed, samples, strict=True):
        p, r = count(guess[:, button], sample.truth.buttons[:, button], k)
        press, release = press + p, release + r
    return press, release


def _reliability(probability: NDArray[np.float32], held: NDArray[np.bool_]) -> list[Bin]:
    """Equal-width bins of the predicted probability; empty ones are left out."""
    which = np.minimum((probability * BINS).astype(int), BINS - 1)
    bins = []
    for b in range(BINS):
        inside = which == b
        if inside.any():
            bins.append(Bin(float(probability[inside].mean()), float(held[inside].mean()), int(inside.sum())))
    return bins


def _r2(predicted: NDArray[np.float32], true: NDArray[np.float32]) -> float | None:
    """Coefficient of determination, mean over the axes that move in the truth."""
    variance = true.var(axis=0, dtype=np.float64)
    moves = variance > 1e-8
    error = np.square(predicted.astype(np.float64) - true).mean(axis=0)
    return float((1 - error[moves] / variance[moves]).mean()) if moves.any() else None


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
