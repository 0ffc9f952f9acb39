"""The honest table: how well inferred inputs match the true ones, over one or several videos of a game."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.labels import Labels
from nitro_ml.core.observability import Visible
from nitro_ml.core.timeline import align
from nitro_ml.evaluation.events import EventCounts, count

BINS = 10


@dataclass(frozen=True)
class Sample:
    """One video's labels beside its truth. time: float64 [T], seconds of the truth's frames; video: its name;
    visible: which inputs can be seen, where that was measured.
    """

    labels: Labels
    truth: Actions
    time: NDArray[np.float64]
    video: str = ""
    visible: Visible | None = None


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

    visible: the same over visible presses, where at least one video has them measured. A button is then not scored in
    the frames in which it is held and cannot be seen: they are left out of its average precision, F1 and calibration,
    count as right in the joint accuracy, and are unknown to its events (`events.count`); likewise a stick's axis.
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
    visible: "Scores | None" = None

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
    scores = _scores(samples, aligned, thresholds, [Visible.everything(len(s.truth)) for s in samples])
    if all(s.visible is None for s in samples):
        return scores
    masks = [s.visible or Visible.everything(len(s.truth)) for s in samples]
    return replace(scores, visible=_scores(samples, aligned, thresholds, masks))


def _scores(
    samples: Sequence[Sample],
    aligned: Sequence[Labels],
    thresholds: NDArray[np.float32] | float,
    masks: Sequence[Visible],
) -> Scores:
    from sklearn.metrics import average_precision_score, f1_score  # seconds, which a process that only infers is spared

    guessed = [labels.hard(thresholds).buttons for labels in aligned]
    held = np.concatenate([s.truth.buttons for s in samples])
    known = np.concatenate([m.buttons for m in masks])
    probability = np.concatenate([labels.buttons for labels in aligned])
    hard = np.concatenate(guessed)
    sticks = np.concatenate([labels.sticks for labels in aligned])
    true_sticks = np.concatenate([s.truth.sticks for s in samples])
    known_sticks = np.concatenate([m.sticks for m in masks])

    occurs = [b for b in range(len(BUTTONS)) if held[known[:, b], b].any()]
    events = {k: [_events(guessed, samples, masks, b, k) for b in range(len(BUTTONS))] for k in (1, 2)}
    buttons = {}
    for b in occurs:
        true, rows = held[known[:, b], b], known[:, b]
        buttons[BUTTONS[b]] = ButtonScores(
            average_precision=float(average_precision_score(true, probability[rows, b])),
            f1=float(f1_score(true, hard[rows, b], zero_division=0.0)),
            event_f1_1=sum(events[1][b], EventCounts()).f1,
            event_f1_2=sum(events[2][b], EventCounts()).f1,
            press_recall=events[2][b][0].recall,
            held=float(true.mean()),
        )
    scored = known[:, occurs]
    bins = reliability(probability[:, occurs][scored], held[:, occurs][scored])
    return Scores(
        event_f1_1=sum((found for pair in events[1] for found in pair), EventCounts()).f1,
        event_f1_2=sum((found for pair in events[2] for found in pair), EventCounts()).f1,
        macro_ap=_mean([b.average_precision for b in buttons.values()]),
        macro_f1=_mean([b.f1 for b in buttons.values()]),
        press_recall=sum((press for press, _ in events[2]), EventCounts()).recall,
        joint_accuracy=float(((hard == held) | ~known).all(axis=1).mean()),
        stick_r2=_r2(sticks, true_sticks, known_sticks),
        stick_mae=float(np.abs(sticks - true_sticks)[known_sticks].mean()) if known_sticks.any() else 0.0,
        ece=sum(bin.count * abs(bin.predicted - bin.held) for bin in bins) / float(scored.sum()) if occurs else None,
        frames=len(held),
        buttons=buttons,
        reliability=bins,
    )


def _events(
    guessed: list[NDArray[np.bool_]], samples: Sequence[Sample], masks: Sequence[Visible], button: int, k: int
) -> tuple[EventCounts, EventCounts]:
    press, release = EventCounts(), EventCounts()
    for guess, sample, mask in zip(guessed, samples, masks, strict=True):
        p, r = count(guess[:, button], sample.truth.buttons[:, button], k, mask.buttons[:, button])
        press, release = press + p, release + r
    return press, release


def reliability(probability: NDArray[np.float32], held: NDArray[np.bool_]) -> list[Bin]:
    """Equal-width bins of the predicted probability; empty ones are left out."""
    which = np.minimum((probability * BINS).astype(int), BINS - 1)
    bins = []
    for b in range(BINS):
        inside = which == b
        if inside.any():
            bins.append(Bin(float(probability[inside].mean()), float(held[inside].mean()), int(inside.sum())))
    return bins


def _r2(predicted: NDArray[np.float32], true: NDArray[np.float32], known: NDArray[np.bool_]) -> float | None:
    """Coefficient of determination over the known frames, mean over the axes that move in the truth."""
    found = []
    for axis in range(true.shape[1]):
        rows = known[:, axis]
        there, guess = true[rows, axis].astype(np.float64), predicted[rows, axis].astype(np.float64)
        if len(there) and there.var() > 1e-8:
            found.append(1.0 - np.square(guess - there).mean() / there.var())
    return _mean(found)


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
