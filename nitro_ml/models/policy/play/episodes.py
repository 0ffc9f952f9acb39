"""Closed loop: a policy, or a player of the arcade, plays episodes of an open game."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import Actions
from nitro_ml.core.resample import RATE
from nitro_ml.games.env import Game
from nitro_ml.games.pad import Pad, Player
from nitro_ml.games.players.registry import player
from nitro_ml.games.registry import make, spec_of
from nitro_ml.video.resize import resize

ENVIRONMENTS = 10
"""Games that run side by side, so that a policy looks at ten screens at once."""


class Actor(Protocol):
    """Whatever acts on frames, such as `nitro_ml.models.policy.play.agent.Policy`; see there."""

    resolution: int
    execute: int
    commit: int

    @property
    def context(self) -> tuple[int, ...]:
        """The offsets of the frames it sees, in steps of 1/30 s."""

    def noise(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """What chance gives one act."""

    def act(self, frames: NDArray[np.uint8], eps: NDArray[np.float32]) -> list[Actions]:
        """The next actions for each of B contexts, uint8 [B, K, S, S, 3]."""


class PolicyPlayer:
    """A policy at the pad, receding horizon: it plays the first `execute` actions of a chunk, then looks again.

    For `commit` frames its chunks flow from the same noise, so that of several good ways it goes on with the one it
    began, although it looks again.

    `seen` is what it has to look at, `take` gives it the chunk; `act` does both, where it plays alone.
    """

    name = "policy"

    def __init__(self, policy: Actor, game: Game, rng: np.random.Generator) -> None:
        self._policy, self._game, self._rng = policy, game, rng
        self._frames: dict[int, NDArray[np.uint8]] = {}
        self._chunk: Actions | None = None
        self._now = self._looked = self._renew = 0

    @property
    def looks(self) -> bool:
        """Whether it needs a new chunk before it can act."""
        return self._chunk is None or self._now - self._looked >= self._policy.execute

    def wanted(self) -> bool:
        """Whether a look, this one or a later one, will need the frame that is shown now."""
        apart = self._now - self._looked
        return not self._frames or any((apart - offset) % self._policy.execute == 0 for offset in self._policy.context)

    def observe(self) -> None:
        """Keeps the frame that is shown now where it is wanted, and lets go of those too old to be."""
        if self.wanted():
            self._frames[self._now] = resize(self._game.frame, self._policy.resolution)
        for old in [at for at in self._frames if 0 < at < self._now + self._policy.context[0]]:
            del self._frames[old]

    def seen(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The context frames, uint8 [K, S, S, 3], the first one for those before the start; and the noise [H, 21]."""
        context = [self._frames[max(self._now + offset, 0)] for offset in self._policy.context]
        if self._now >= self._renew:
            self._eps, self._renew = self._policy.noise(self._rng), self._now + self._policy.commit
        return np.stack(context), self._eps

    def take(self, chunk: Actions) -> None:
        self._chunk, self._looked = chunk, self._now

    def act(self) -> Pad:
        """The pad for the frame that is shown now."""
        self.observe()
        if self.looks:
            together([self])
        return self.pad()

    def pad(self) -> Pad:
        """The next action of the chunk."""
        assert self._chunk is not None
        at = min(self._now - self._looked, len(self._chunk) - 1)
        self._now += 1
        return Pad(self._chunk.buttons[at], self._chunk.sticks[at])


def together(players: Sequence[PolicyPlayer]) -> None:
    """New chunks for players of one policy, computed at once."""
    frames, eps = zip(*(one.seen() for one in players), strict=True)
    for one, chunk in zip(players, players[0]._policy.act(np.stack(frames), np.stack(eps)), strict=True):
        one.take(chunk)


@dataclass
class Episode:
    """One episode: its number, the points it brought, and the inputs of each of its frames."""

    number: int
    score: float = 0.0
    pads: list[Pad] = field(default_factory=list)


class _Environment:
    """One running game, and those of the episodes that are played in it, one after another."""

    def __init__(self, who: Actor | str, game: Game, seed: int, numbers: Sequence[int], most: int) -> None:
        self._who, self._game, self._seed, self._most = who, game, seed, most
        self._numbers = list(numbers)
        self.begin()

    def begin(self) -> None:
        self._game.reset()
        self.episode = Episode(self._numbers.pop(0))
        rng = np.random.default_rng([self._seed, self.episode.number])
        who, game = self._who, self._game
        self.player: Player = player(who, game, rng) if isinstance(who, str) else PolicyPlayer(who, game, rng)

    def step(self) -> Episode | None:
        """One frame on; the episode where it ended with it."""
        pad = self.player.pad() if isinstance(self.player, PolicyPlayer) else self.player.act()
        step = self._game.advance(pad)
        self.episode.score += step.reward
        self.episode.pads.append(pad)
        return self.episode if step.done or len(self.episode.pads) >= self._most else None

    @property
    def ended(self) -> bool:
        return not self._numbers


def episodes(who: Actor | str, game: str, count: int, seed: int, max_frames: int | None = None) -> Iterator[Episode]:
    """Play `count` episodes at 30 Hz, and yield each when it ends.

    - `who`: a policy, or the name of a player: `wanderer` or `expert`.
    - `seed`: the same seed gives every player the same games, and the same scores again.
    - `max_frames`: the longest episode in frames; by default that of the game.

    Raises `GameError` for a game or player that does not exist.
    """
    most = spec_of(game).episode_frames(round(RATE)) if max_frames is None else max_frames
    environments = [
        _Environment(who, make(game, seed + k, fps=round(RATE)), seed, range(k, count, ENVIRONMENTS), most)
        for k in range(min(ENVIRONMENTS, count))
    ]
    while environments:
        players = [environment.player for environment in environments if isinstance(environment.player, PolicyPlayer)]
        for one in players:
            one.observe()
        if looking := [one for one in players if one.looks]:
            together(looking)
        for environment in list(environments):
            if episode := environment.step():
                yield episode
                if environment.ended:
                    environments.remove(environment)
                else:
                    environment.begin()


def begun(game: str, seed: int, number: int) -> Game:
    """A game at the start of the episode with this number of `episodes(..., seed)`, to play it once more."""
    running = make(game, seed + number % ENVIRONMENTS, fps=round(RATE))
    for _ in range(1 + number // ENVIRONMENTS):
        running.reset()
    return running


def play(who: Actor | str, game: str, count: int, seed: int, max_frames: int | None = None) -> list[float]:
    """Play `count` episodes, as `episodes` does, and return their scores in the game's own points, in order."""
    return [e.score for e in sorted(episodes(who, game, count, seed, max_frames), key=lambda e: e.number)]
