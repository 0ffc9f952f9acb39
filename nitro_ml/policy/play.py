"""Closed loop: a policy, or a player of the arcade, plays episodes of an open game; scores with an interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nitro_ml.actions import Actions
from nitro_ml.arcade.games import Game, make
from nitro_ml.arcade.pad import Pad
from nitro_ml.arcade.players import player, score_episode
from nitro_ml.policy.agent import Policy
from nitro_ml.progress import Progress
from nitro_ml.steps import RATE

RESAMPLES = 2000


class PolicyPlayer:
    """A policy at the pad, receding horizon: it plays the first `execute` actions of a chunk, then looks again."""

    def __init__(self, policy: Policy, game: Game, rng: np.random.Generator) -> None:
        self._policy, self._game, self._rng = policy, game, rng
        self._chunk: Actions | None = None
        self._next = 0

    def act(self) -> Pad:
        """The pad for the frame that is shown now."""
        if self._chunk is None or self._next == self._policy.recipe.execute:
            self._chunk = self._policy.act_on(self._game.frame, self._rng)
            self._next = 0
        pad = Pad(self._chunk.buttons[self._next], self._chunk.sticks[self._next])
        self._next += 1
        return pad


def play(
    who: Policy | str,
    game: str,
    episodes: int,
    seed: int,
    max_frames: int | None = None,
    progress: Progress | None = None,
) -> list[float]:
    """The scores of `episodes` episodes at 30 Hz, each of at most `max_frames` frames (default: the game's own bound).

    who: a policy, or a player's name: `wanderer`, `expert`. The same seed gives every player the same games, and the
    same scores again. Raises `GameError` for a game or player the arcade does not have.
    """
    running = make(game, seed, fps=round(RATE))
    scores = []
    for episode in range(episodes):
        if progress:
            progress(episode / episodes, f"episode {episode + 1} of {episodes}")
        rng = np.random.default_rng([seed, episode])
        at_pad = PolicyPlayer(who, running, rng) if isinstance(who, Policy) else player(who, running, rng)
        scores.append(score_episode(running, at_pad, max_frames))
    return scores


@dataclass(frozen=True)
class Interval:
    """A mean and the bounds of its 95% interval."""

    mean: float
    low: float
    high: float


def interval(scores: list[float] | NDArray[np.float64]) -> Interval:
    """The mean score with a 95% percentile bootstrap interval; few episodes give a wide and only rough one."""
    values = np.asarray(scores, np.float64)
    draws = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(1), [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))
