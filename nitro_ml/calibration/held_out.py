"""A labelled video that was not trained on, as the model saw it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import Actions
from nitro_ml.core.stream import Raw


@dataclass(frozen=True)
class HeldOutVideo:
    """raw: what the model says of its T frames; truth: the T true actions; ood_score: float32 [T], see `ood`."""

    raw: Raw
    truth: Actions
    game: str
    ood_score: NDArray[np.float32]


def shares(held: Sequence[HeldOutVideo]) -> NDArray[np.float64]:
    """Weights of all their frames, one after another, with which each game counts as much as any other; mean 1."""
    frames = {game: sum(len(h.truth) for h in held if h.game == game) for game in {h.game for h in held}}
    weights = np.concatenate([np.full(len(h.truth), 1 / frames[h.game]) for h in held])
    share: NDArray[np.float64] = weights / weights.mean()
    return share
