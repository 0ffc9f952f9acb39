"""First-person games through ViZDoom (Kempka et al., arXiv 1605.02097), with Freedoom's pictures."""

import contextlib
import math
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import vizdoom
from numpy.typing import NDArray
from vizdoom import Button, GameVariable

from nitro_ml.games.env import Game, SavedStates, Step
from nitro_ml.games.pad import STICK, Pad
from nitro_ml.games.spec import GameError, GameSpec

_SPACING = 3  # tics between two states kept
_WHERE = (GameVariable.POSITION_X, GameVariable.POSITION_Y, GameVariable.ANGLE)


class DoomGame(Game, SavedStates):
    """One scenario, one tic a video frame, hidden window, no sound.

    Options: `targets`, the names of what an expert turns to (the dead go by other names); `skill`, from 1, the easiest,
    to 5, where it is not to be the scenario's own.
    """

    OPTIONS = ("targets", "skill")

    def __init__(self, game_spec: GameSpec, fps: int = 30, render_mode: str | None = None) -> None:
        super().__init__(game_spec, fps, render_mode)
        self._targets = tuple(game_spec.options.get("targets", ()))
        self._game = _configured(game_spec)
        # The engine leaves its settings in the working directory when it stops: give it one of its own.
        self._scratch = tempfile.TemporaryDirectory()
        with contextlib.chdir(self._scratch.name):
            self._game.init()
        self._stop = weakref.finalize(self, _stop, self._game, self._scratch)
        self._saved = Path(self._scratch.name) / "kept.zds"
        self._gains = [(name, game_spec.controls[name].gain) for name in (*game_spec.buttons, *game_spec.sticks)]

    @property
    def frame(self) -> NDArray[np.uint8]:
        """uint8 [240, 320, 3] RGB."""
        return self._frame

    @property
    def seconds(self) -> float:
        """How long this episode has been shown."""
        return self._shown / self.fps

    @property
    def target(self) -> tuple[float, float] | None:
        """The nearest monster or thing worth having: degrees from the view's middle, right positive, and map units.

        None where there is none.
        """
        state = self._game.get_state()
        found = [o for o in state.objects if o.name in self._targets] if state and self._targets else []
        if not found:
            return None
        x, y, angle = (self._game.get_game_variable(v) for v in _WHERE)
        nearest = min(found, key=lambda o: math.hypot(o.position_x - x, o.position_y - y))
        towards = math.degrees(math.atan2(nearest.position_y - y, nearest.position_x - x))
        distance = math.hypot(nearest.position_x - x, nearest.position_y - y)
        return (angle - towards + 180.0) % 360.0 - 180.0, distance

    def advance(self, pad: Pad) -> Step:
        reward = self._game.make_action(self._values(pad))
        self._shown += 1
        self._look()
        over = bool(self._game.is_episode_finished())
        timed_out = over and bool(self._game.is_episode_timeout_reached())
        return Step(float(reward), over and not timed_out, timed_out)

    def close(self) -> None:
        """Stop the engine."""
        self._stop()

    def _load(self, seed: int) -> None:
        """Nothing: an episode follows from its own seed alone."""

    def _begin(self) -> None:
        self._seed = int(self.np_random.integers(2**31))
        self._kept: tuple[int, list[float]] | None = None
        self._again()

    def save_state(self, pads: Sequence[Pad]) -> int:
        """Saving takes the engine two tics, and loading the same two, with whatever is held: two pads alike it needs.

        Saving is dear, so that it is done in every third tic at most.
        """
        values = [self._values(pad) for pad in pads[:2]]
        if len(values) < 2 or values[0] != values[1] or self._shown < (self._kept[0] if self._kept else 0) + _SPACING:
            return 0
        self._game.set_action(values[0])
        self._game.save(str(self._saved))
        self._shown += 2
        self._kept = self._shown, values[0]
        return 2

    def load_state(self) -> None:
        if self._kept is None:
            self._again()
            return
        self._shown, values = self._kept
        if self._game.is_episode_finished():  # which loading alone doesn't undo
            self._game.set_seed(self._seed)
            self._game.new_episode()
        self._game.set_action(values)
        self._game.load(str(self._saved))

    def _again(self) -> None:
        self._game.set_seed(self._seed)
        self._game.new_episode()
        self._shown = 0
        self._look()

    def _values(self, pad: Pad) -> list[float]:
        return [gain * (pad.stick(name) if name in STICK else pad.pushed(name)) for name, gain in self._gains]

    def _look(self) -> None:
        """Keep the picture shown; after the last tic of an episode there is no new one, and the one before stays."""
        state = self._game.get_state()
        self._frame = self._frame.copy() if state is None else state.screen_buffer


def _configured(spec: GameSpec) -> vizdoom.DoomGame:
    scenario = Path(vizdoom.scenarios_path) / f"{spec.name}.cfg"
    if not scenario.is_file():
        there = ", ".join(sorted(other.stem for other in scenario.parent.glob("*.cfg")))
        raise GameError(f"{spec.name}: ViZDoom has no scenario of this name; it has {there}.")
    game = vizdoom.DoomGame()
    game.load_config(str(scenario))
    game.set_window_visible(False)
    game.set_sound_enabled(False)
    game.set_console_enabled(False)
    game.set_screen_format(vizdoom.ScreenFormat.RGB24)
    game.set_screen_resolution(vizdoom.ScreenResolution.RES_320X240)
    game.set_objects_info_enabled("targets" in spec.options)
    if "skill" in spec.options:
        game.set_doom_skill(spec.options["skill"])
    game.set_available_buttons([_button(spec, name) for name in (*spec.buttons, *spec.sticks)])
    return game


def _button(spec: GameSpec, name: str) -> Button:
    action = spec.controls[name].action
    if action not in Button.__members__:
        raise GameError(f"{spec.name}: {name} does {action!r}; ViZDoom knows {', '.join(Button.__members__)}.")
    return Button.__members__[action]


def _stop(game: vizdoom.DoomGame, scratch: tempfile.TemporaryDirectory[str]) -> None:
    game.close()
    scratch.cleanup()
