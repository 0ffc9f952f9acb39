"""A running game: a Gymnasium environment whose action is a gamepad."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, STICKS
from nitro_ml.games.pad import Pad
from nitro_ml.games.spec import HEIGHT, WIDTH, GameError, GameSpec

Action = Pad | Mapping[str, NDArray[Any]]
"""A pad, or what `Game.action_space` holds: `buttons`, int8 [17] of 0 and 1, and `sticks`, float32 [4] in [-1, 1]."""


class Step(NamedTuple):
    """What one frame of play brought: the game's own points, and whether the episode ended by itself (`terminated`) or
    because its engine's time was over (`truncated`)."""

    reward: float
    terminated: bool
    truncated: bool

    @property
    def done(self) -> bool:
        """Whether the episode ended, whichever way."""
        return self.terminated or self.truncated


class Game(gymnasium.Env[NDArray[np.uint8], Action], ABC):
    """One game at one frame rate. An engine's adapter gives `frame`, `advance` and the two steps of `reset`.

    `reset` with a seed begins the seed's first episode, without one the next: episodes differ, and their order follows
    from the seed. An episode has no bound here but the engine's own. `step` is `advance` with the new frame, which who
    doesn't look need not draw.
    Raises `GameError` for a rate, a render mode or an option that the game doesn't have.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ()
    """Names of what an engine's games may have in `GameSpec.options`."""

    def __init__(self, game_spec: GameSpec, fps: int = 30, render_mode: str | None = None) -> None:
        name = game_spec.name
        if fps not in game_spec.rates:
            allowed = " or ".join(str(rate) for rate in game_spec.rates)
            raise GameError(f"{name} cannot be played at {fps} fps; allowed is {allowed}.")
        if render_mode not in (None, "rgb_array"):
            mend = "gymnasium.wrappers.HumanRendering shows it in a window"
            raise GameError(f"{name} has no render mode {render_mode!r}; allowed is 'rgb_array', and {mend}.")
        if unknown := sorted(set(game_spec.options) - set(self.OPTIONS)):
            raise GameError(f"{name}: {game_spec.engine} has no options {unknown}; it has {list(self.OPTIONS)}.")
        self.game_spec = game_spec
        self.fps = fps
        self.render_mode = render_mode
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": fps}
        self.observation_space = spaces.Box(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
        self.action_space = spaces.Dict(  # type: ignore[assignment]
            {
                "buttons": spaces.MultiBinary(len(BUTTONS)),
                "sticks": spaces.Box(-1.0, 1.0, (len(STICKS),), np.float32),
            }
        )
        self._loaded = False

    @property
    @abstractmethod
    def frame(self) -> NDArray[np.uint8]:
        """What is shown now, uint8 [240, 320, 3] RGB."""

    @property
    def waiting(self) -> bool:
        """Whether the game stands still until the ball is served."""
        return False

    @abstractmethod
    def advance(self, pad: Pad) -> Step:
        """Hold the pad while the frame is shown, and move on by a frame."""

    @abstractmethod
    def _load(self, seed: int) -> None:
        """Make the engine one that has not played yet."""

    @abstractmethod
    def _begin(self) -> None:
        """Begin the next episode; chance comes from `np_random`."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Begin an episode; see the class. Returns its first frame and an empty mapping."""
        super().reset(seed=seed)
        if seed is not None or not self._loaded:
            self._load(self.np_random_seed)
            self._loaded = True
        self._begin()
        return self.frame, {}

    def step(self, action: Action) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """As `advance`, in Gymnasium's form: frame, reward, terminated, truncated and an empty mapping."""
        pad = action if isinstance(action, Pad) else Pad.of(action["buttons"], action["sticks"])
        reward, terminated, truncated = self.advance(pad)
        return self.frame, reward, terminated, truncated, {}

    def render(self) -> NDArray[np.uint8] | None:
        """What is shown now, where the render mode is `rgb_array`."""
        return self.frame.copy() if self.render_mode else None


class SavedStates(ABC):
    """Beside `Game`, where an engine can: saving its state, and loading it again."""

    @abstractmethod
    def save_state(self, pads: Sequence[Pad]) -> int:
        """Step on by the first of the pads, or the first few, and save the state reached; returns by how many.

        0, without a step, where the engine cannot do it with these pads. `frame` is the new one only after a step.
        """

    @abstractmethod
    def load_state(self) -> None:
        """Return to the state last saved, or to the episode's start where none was saved since. `frame` likewise."""
