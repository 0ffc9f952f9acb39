"""What a game is to everybody else: what it uses of the pad, and how it is played a frame at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nitro_ml.games.pad import Pad

HEIGHT, WIDTH = 240, 320


@dataclass(frozen=True)
class GameSpec:
    """What a game uses of the pad, the video rates (Hz) it can be played at, and how long an episode may last (s)."""

    name: str
    title: str
    engine: str
    buttons: tuple[str, ...]
    sticks: tuple[str, ...] = ()
    rates: tuple[int, ...] = (30, 60)
    seconds: float = 60.0
    has_expert: bool = False
    serves: str | None = None  # the button that puts a ball into play

    def episode_frames(self, fps: int = 30) -> int:
        """The longest episode, in frames."""
        return round(self.seconds * fps)


class GameError(ValueError):
    """A game, frame rate or player that the arcade doesn't have; the message says what it has."""


@dataclass(frozen=True)
class Step:
    """What one frame of play brought: the game's own points, and whether the episode ended."""

    reward: float
    done: bool


class Game(Protocol):
    """A running game: `frame` is what is shown now, `step` holds the pad while it is shown and moves on by a frame."""

    spec: GameSpec
    fps: int

    @property
    def frame(self) -> NDArray[np.uint8]:
        """uint8 [240, 320, 3] RGB."""

    @property
    def waiting(self) -> bool:
        """Whether the game stands still until the ball is served."""

    def step(self, pad: Pad) -> Step:
        """Hold `pad` for one frame of video."""

    def reset(self) -> None:
        """Begin the next episode; episodes differ, and their order follows from the seed."""

    def keep(self, pads: Sequence[Pad]) -> int:
        """Step on by the first of the pads, or the first few, and keep the state reached; returns by how many.

        0, without a step, where the engine cannot do it with these pads. `frame` is the new one only after a step.
        """

    def back(self) -> None:
        """Return to the state last kept, or to the episode's start where none was kept since. `frame` likewise."""
