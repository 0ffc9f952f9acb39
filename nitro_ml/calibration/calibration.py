"""Probabilities that mean what they say, per button and game, and the thresholds that go with them.

Platt scaling (Platt 1999) on held-out videos, and each threshold chosen afterwards: one kept from before would lose
most presses. A button that a game hardly shows takes the scaling of all games together, and so does a video whose game
is not named or not known: which one, is written beside its labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.calibration.held_out import HeldOutVideo, shares
from nitro_ml.core.actions import BUTTONS
from nitro_ml.evaluation.events import EventCounts, count, presses

FEWEST_FRAMES = 30  # held, and not held, and
FEWEST_PRESSES = 8  # presses of a button below which its scaling cannot be fitted
FLATTEST = 0.05  # scale below which a button would lose the order of its frames
SHARES = np.linspace(0.02, 0.98, 25)  # of the frames to be held, between which a threshold is looked for
POOLED = "pooled"


@dataclass(frozen=True)
class Scaling:
    """Per button p = sigmoid(scale * logit + shift), held from its threshold on; `own` were fitted on this game alone.

    scale is at least 0.05: a higher logit gives a higher probability, however little it was worth on held-out videos.
    """

    scale: list[float]
    shift: list[float]
    thresholds: list[float]
    own: list[str]

    def apply(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities float32 [T, 17] of logits [T, 17]."""
        scaled = logits.astype(np.float64) * np.array(self.scale) + np.array(self.shift)
        return (1 / (1 + np.exp(-scaled.clip(-500, 500)))).astype(np.float32)

    @property
    def threshold_array(self) -> NDArray[np.float32]:
        """The thresholds, float32 [17]."""
        return np.array(self.thresholds, np.float32)


@dataclass(frozen=True)
class Calibration:
    """A scaling for each game that was held out, and the pooled one for all others."""

    pooled: Scaling
    games: dict[str, Scaling]

    def name(self, game: str | None) -> str:
        """Which calibration serves a video of this game: the game's own, or `pooled`."""
        return known if (known := _folded(game or "")) in self.games else POOLED

    def of(self, game: str | None) -> Scaling:
        """The scaling for a game, or for a name that `name` gave."""
        return self.games.get(_folded(game or ""), self.pooled)

    def thresholds(self, game: str | None) -> NDArray[np.float32]:
        """The frozen thresholds for a game, float32 [17]."""
        return self.of(game).threshold_array

    def to_dict(self) -> dict[str, Any]:
        """For the card."""
        return asdict(self)

    @staticmethod
    def from_dict(card: Mapping[str, Any]) -> "Calibration":
        """As `to_dict` gave it."""
        games = {game: Scaling(**scaling) for game, scaling in card["games"].items()}
        return Calibration(Scaling(**card["pooled"]), games)


def calibrate(
    known: Sequence[HeldOutVideo], foreign: Sequence[HeldOutVideo], prior: NDArray[np.float64]
) -> Calibration:
    """Fit on videos that were not trained on.

    known: of the model's own games; foreign: seen by models that were never trained on the video's game, which is what
    the pooled calibration is for (empty where there are none: then it is fitted on the known). prior: float64 [17], how
    often each button is held in the training set; one that the held-out videos hardly show keeps it.
    """
    together = _scaling(known, prior, None)
    games = {_folded(game) for game in {h.game for h in known}}
    own = {game: _scaling([h for h in known if _folded(h.game) == game], prior, together) for game in sorted(games)}
    return Calibration(_scaling(foreign, prior, together) if foreign else together, own)


def _folded(game: str) -> str:
    """Sources write a game's name in different ways: case and space don't count."""
    return " ".join(game.casefold().replace("_", " ").split())


def _scaling(videos: Sequence[HeldOutVideo], prior: NDArray[np.float64], fallback: Scaling | None) -> Scaling:
    logits = np.concatenate([h.raw.logits for h in videos]).astype(np.float64)
    truth, weight = np.concatenate([h.truth.buttons for h in videos]), shares(videos)
    scale, shift, own = np.ones(len(BUTTONS)), np.zeros(len(BUTTONS)), []
    for b, button in enumerate(BUTTONS):
        if _enough(videos, b):
            scale[b], shift[b] = _platt(logits[:, b], truth[:, b], weight)
            own.append(button)
        elif fallback:
            scale[b], shift[b] = fallback.scale[b], fallback.shift[b]
        else:
            p = np.clip(prior[b], 1e-4, 1 - 1e-4)
            shift[b] = np.log(p / (1 - p)) - logits[:, b].mean()
    draft = Scaling(scale.tolist(), shift.tolist(), [0.5] * len(BUTTONS), own)
    soft = [draft.apply(h.raw.logits) for h in videos]
    for b, button in enumerate(BUTTONS):
        if button in own:
            draft.thresholds[b] = _threshold(soft, videos, b)
        elif fallback:
            draft.thresholds[b] = fallback.thresholds[b]
        else:
            draft.thresholds[b] = 0.5 if prior[b] > 0 else 1.0
    return draft


def _enough(videos: Sequence[HeldOutVideo], button: int) -> bool:
    held = [h.truth.buttons[:, button] for h in videos]
    frames, down = sum(map(len, held)), sum(int(h.sum()) for h in held)
    return FEWEST_FRAMES <= down <= frames - FEWEST_FRAMES and sum(len(presses(h)) for h in held) >= FEWEST_PRESSES


def _platt(logits: NDArray[np.float64], held: NDArray[np.bool_], weight: NDArray[np.float64]) -> tuple[float, float]:
    """(scale, shift); a logit that says nothing, or the opposite of the truth, is hardly believed."""
    from sklearn.linear_model import LogisticRegression  # seconds, which a process that only infers is spared

    fitted = LogisticRegression(C=1e3).fit(logits[:, None], held, weight)
    if fitted.coef_[0, 0] >= FLATTEST:
        return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    share = np.average(held, weights=weight)
    low, high = -50.0, 50.0
    for _ in range(60):  # halving: the mean probability rises with the shift
        shift = (low + high) / 2
        mean = np.average(1 / (1 + np.exp(-(FLATTEST * logits + shift).clip(-500, 500))), weights=weight)
        low, high = (low, shift) if mean > share else (shift, high)
    return FLATTEST, shift


def _threshold(soft: Sequence[NDArray[np.float32]], videos: Sequence[HeldOutVideo], button: int) -> float:
    """The limit with the best event F1 (+-2 frames); the middle of the best where several are."""
    values = np.concatenate([p[:, button] for p in soft])
    limits = np.unique(np.quantile(values, SHARES).clip(0.02, 0.98))
    scores = []
    for limit in limits:
        pairs = zip(soft, videos, strict=True)
        found = (count(p[:, button] >= limit, h.truth.buttons[:, button], 2) for p, h in pairs)
        scores.append(sum((press + release for press, release in found), EventCounts()).f1)
    best = np.flatnonzero(np.array(scores) == max(scores))
    return float(limits[best[len(best) // 2]])
