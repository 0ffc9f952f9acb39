"""The games of the arcade, behind one pad: what each uses of it, and how to start one."""

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


def _doom(
    name: str,
    title: str,
    buttons: tuple[str, ...],
    sticks: tuple[str, ...],
    *,
    seconds: float = 70.0,
    has_expert: bool = False,
) -> GameSpec:
    return GameSpec(name, title, "doom", buttons, sticks, (30,), seconds, has_expert)


_LEFT_RIGHT = ("dpad_left", "dpad_right")
_UP_DOWN = ("dpad_down", "dpad_up")
_ALL_FOUR = (*_UP_DOWN, *_LEFT_RIGHT)
_SPECS = (
    GameSpec("pong", "Pong", "atari", _UP_DOWN, has_expert=True),
    GameSpec("breakout", "Breakout", "atari", (*_LEFT_RIGHT, "south"), has_expert=True, serves="south"),
    GameSpec("space_invaders", "Space Invaders", "atari", (*_LEFT_RIGHT, "south"), has_expert=True),
    GameSpec("boxing", "Boxing", "atari", (*_ALL_FOUR, "south")),
    GameSpec("freeway", "Freeway", "atari", _UP_DOWN, has_expert=True),
    GameSpec("ms_pacman", "Ms. Pac-Man", "atari", _ALL_FOUR),
    GameSpec("seaquest", "Seaquest", "atari", (*_ALL_FOUR, "south")),
    GameSpec("demon_attack", "Demon Attack", "atari", (*_LEFT_RIGHT, "south")),
    GameSpec("alien", "Alien", "atari", (*_ALL_FOUR, "south")),
    _doom("basic", "Basic", (*_LEFT_RIGHT, "right_trigger"), ("j_right_x",), seconds=10.0, has_expert=True),
    _doom("health_gathering", "Health Gathering", (), ("j_left_y", "j_right_x"), has_expert=True),
    _doom(
        "deadly_corridor",
        "Deadly Corridor",
        ("right_trigger",),
        ("j_left_x", "j_left_y", "j_right_x"),
        has_expert=True,
    ),
    _doom("my_way_home", "My Way Home", (), ("j_left_y", "j_right_x")),
    _doom("defend_the_center", "Defend the Center", ("right_trigger",), ("j_right_x",), has_expert=True),
)
GAMES: dict[str, GameSpec] = {spec.name: spec for spec in _SPECS}


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


def spec_of(name: str) -> GameSpec:
    """Raises `GameError` naming the games there are."""
    if name not in GAMES:
        raise GameError(f"game {name!r} is not in the arcade; there are: {', '.join(GAMES)}.")
    return GAMES[name]


def make(name: str, seed: int, fps: int = 30) -> Game:
    """Start a game at its first episode. Raises `GameError` for an unknown game or a rate it cannot be played at."""
    spec = spec_of(name)
    if fps not in spec.rates:
        allowed = " or ".join(str(rate) for rate in spec.rates)
        raise GameError(f"{name} cannot be played at {fps} fps; allowed is {allowed}.")
    if spec.engine == "atari":
        from nitro_ml.games.adapters.atari import AtariGame

        return AtariGame(spec, seed, fps)
    from nitro_ml.games.adapters.vizdoom import DoomGame

    return DoomGame(spec, seed, fps)
