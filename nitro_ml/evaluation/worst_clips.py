"""The clips that a model gets most wrong, for people to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.clip import Clip
from nitro_ml.core.labels import Labels
from nitro_ml.evaluation.correctness import correct

SECONDS = 4.0
SHOWN = 8


@dataclass(frozen=True)
class WorstClip:
    """A stretch of `clip`, frames first..last, with the labels' and the true buttons, bool [last - first, 17]."""

    clip: Clip
    first: int
    last: int
    guess: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    correct: float
    confidence: float


def worst_clip(labelled: Sequence[tuple[Clip, Labels]], thresholds: NDArray[np.float32]) -> WorstClip:
    """The 4 seconds of one game's clips with the smallest share of right frames; ValueError for no labelled clip."""
    found = [_worst_of(clip, labels, thresholds) for clip, labels in labelled if clip.actions]
    return min(found, key=lambda w: w.correct)


def _worst_of(clip: Clip, labels: Labels, thresholds: NDArray[np.float32]) -> WorstClip:
    assert clip.actions is not None
    guess, truth = labels.hard(thresholds).buttons, clip.actions.buttons
    ok = correct(guess, truth, clip.time)
    length = min(len(ok), max(1, int(np.searchsorted(clip.time, clip.time[0] + SECONDS))))
    sums = np.convolve(ok, np.ones(length), "valid")
    first = int(sums.argmin())
    span = slice(first, first + length)
    confidence = float(labels.confidence[span].mean())
    return WorstClip(clip, first, first + length, guess[span], truth[span], float(ok[span].mean()), confidence)


def filmstrip(stretch: WorstClip, path: Path) -> None:
    """Frames of the stretch side by side with what was said and what was held, as a PNG."""
    at = np.linspace(stretch.first, stretch.last - 1, min(SHOWN, stretch.last - stretch.first)).astype(int)
    figure = Figure(figsize=(1.6 * len(at), 2.2), layout="constrained")
    for axes, i in zip(np.atleast_1d(figure.subplots(1, len(at))), at, strict=True):
        axes.imshow(stretch.clip.frames[i])
        said, held = (_names(part[i - stretch.first]) for part in (stretch.guess, stretch.truth))
        axes.set_title(f"said: {said}\nheld: {held}", fontsize=6, color="black" if said == held else "firebrick")
        axes.axis("off")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", dpi=90, metadata={"Software": None})


def _names(held: NDArray[np.bool_]) -> str:
    return " ".join(name.removeprefix("dpad_") for name, down in zip(BUTTONS, held, strict=True) if down) or "-"
