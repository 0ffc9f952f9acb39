"""A policy at the pad of a game that does not wait: it thinks in a thread of its own while the game runs."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np

from nitro_ml.core.actions import Actions
from nitro_ml.core.resample import RATE
from nitro_ml.games.env import Game
from nitro_ml.games.pad import Pad
from nitro_ml.games.registry import make
from nitro_ml.models.policy.play.episodes import Actor, PolicyPlayer


class LivePlayer(PolicyPlayer):
    """As `PolicyPlayer`, which stops the game to think. Used as a context.

    A chunk that took some frames to think begins with the action for the frame at which it is ready; until then the
    chunk before it is played on, and where that ends its last action is held.
    """

    def __init__(self, policy: Actor, game: Game, rng: np.random.Generator) -> None:
        super().__init__(policy, game, rng)
        self._thread = ThreadPoolExecutor(1)
        self._thought: Future[list[Actions]] | None = None
        self._asked = 0

    def __enter__(self) -> "LivePlayer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.shutdown()

    def wanted(self) -> bool:
        """Every frame: when it will look next depends on how long it thinks."""
        return True

    def act(self) -> Pad:
        """The pad for the frame that is shown now; waits for nothing but the very first chunk."""
        self.observe()
        if self._thought and (self._thought.done() or self._chunk is None):
            self._chunk, self._looked, self._thought = self._thought.result()[0], self._asked, None
        if self._thought is None and self.looks:
            frames, eps = self.seen()
            self._thought = self._thread.submit(self._policy.act, frames[None], eps[None])
            self._asked = self._now
        if self._chunk is None:
            return self.act()
        return self.pad()


def play_live(policy: Actor, game: str, count: int, seed: int) -> list[float]:
    """The scores of so many whole episodes at 30 Hz in real time: the game goes on, whatever the policy does.

    Raises `GameError` for a game that the arcade does not have.
    """
    running, scores = make(game, seed, fps=round(RATE)), []
    for number in range(count):
        running.reset()
        score, due = 0.0, time.perf_counter()
        with LivePlayer(policy, running, np.random.default_rng([seed, number])) as player:
            for _ in range(running.game_spec.episode_frames(running.fps)):
                step = running.advance(player.act())
                score += step.reward
                if step.done:
                    break
                due += 1 / RATE
                time.sleep(max(0.0, due - time.perf_counter()))
        scores.append(score)
    return scores
