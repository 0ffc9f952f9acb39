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

from nitro_ml.games.pad import BUTTON, Pad
from nitro_ml.games.spec import GameSpec, Step

# What each control of the pad does, and how much: degrees a tic for turning, thrust for walking, 1 for a button.
_CONTROLS: dict[str, tuple[Button, float]] = {
    "dpad_left": (Button.MOVE_LEFT, 1.0),
    "dpad_right": (Button.MOVE_RIGHT, 1.0),
    "right_trigger": (Button.ATTACK, 1.0),
    "j_left_x": (Button.MOVE_LEFT_RIGHT_DELTA, 50.0),
    "j_left_y": (Button.MOVE_FORWARD_BACKWARD_DELTA, -50.0),
    "j_right_x": (Button.TURN_LEFT_RIGHT_DELTA, 6.0),
}
# What an expert turns to; the dead go by other names.
_TARGETS = {
    "basic": ("Cacodemon",),
    "deadly_corridor": ("Zombieman", "ShotgunGuy", "ChaingunGuy"),
    "defend_the_center": ("Demon", "MarineChainsawVzd"),
    "health_gathering": ("Medikit",),
}
_SPACING = 3  # tics between two states kept
_SKILL = {"deadly_corridor": 1}  # at its own, the hardest, an episode lasts three seconds
_WHERE = (GameVariable.POSITION_X, GameVariable.POSITION_Y, GameVariable.ANGLE)


class DoomGame:
    """One scenario, one tic a video frame, hidden window, no sound."""

    def __init__(self, spec: GameSpec, seed: int, fps: int) -> None:
        self.spec = spec
        self.fps = fps
        self.waiting = False
        self._rng = np.random.default_rng(seed)
        self._game = _configured(spec)
        # The engine leaves its settings in the working directory when it stops: give it one of its own.
        self._scratch = tempfile.TemporaryDirectory()
        with contextlib.chdir(self._scratch.name):
            self._game.init()
        weakref.finalize(self, _stop, self._game, self._scratch)
        self._saved = Path(self._scratch.name) / "kept.zds"
        self._controls = (*spec.buttons, *spec.sticks)
        self.reset()

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
        wanted = _TARGETS.get(self.spec.name, ())
        found = [o for o in state.objects if o.name in wanted] if state else []
        if not found:
            return None
        x, y, angle = (self._game.get_game_variable(v) for v in _WHERE)
        nearest = min(found, key=lambda o: math.hypot(o.position_x - x, o.position_y - y))
        towards = math.degrees(math.atan2(nearest.position_y - y, nearest.position_x - x))
        distance = math.hypot(nearest.position_x - x, nearest.position_y - y)
        return (angle - towards + 180.0) % 360.0 - 180.0, distance

    def step(self, pad: Pad) -> Step:
        reward = self._game.make_action(self._values(pad))
        self._shown += 1
        self._look()
        return Step(float(reward), bool(self._game.is_episode_finished()))

    def reset(self) -> None:
        self._seed = int(self._rng.integers(2**31))
        self._kept: tuple[int, list[float]] | None = None
        self._begin()

    def keep(self, pads: Sequence[Pad]) -> int:
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

    def back(self) -> None:
        if self._kept is None:
            self._begin()
            return
        self._shown, values = self._kept
        if self._game.is_episode_finished():  # which loading alone doesn't undo
            self._game.set_seed(self._seed)
            self._game.new_episode()
        self._game.set_action(values)
        self._game.load(str(self._saved))

    def _begin(self) -> None:
        self._game.set_seed(self._seed)
        self._game.new_episode()
        self._shown = 0
        self._look()

    def _values(self, pad: Pad) -> list[float]:
        return [self._value(pad, name) for name in self._controls]

    def _value(self, pad: Pad, name: str) -> float:
        gain = _CONTROLS[name][1]
        if name == "dpad_left":
            return gain * (pad.axis("dpad_left", "dpad_right") < 0)
        if name == "dpad_right":
            return gain * (pad.axis("dpad_left", "dpad_right") > 0)
        return gain * (pad.held(name) if name in BUTTON else pad.stick(name))

    def _look(self) -> None:
        """Keep the picture shown; after the last tic of an episode there is no new one."""
        state = self._game.get_state()
        if state is not None:
            self._frame = state.screen_buffer


def _configured(spec: GameSpec) -> vizdoom.DoomGame:
    game = vizdoom.DoomGame()
    game.load_config(str(Path(vizdoom.scenarios_path) / f"{spec.name}.cfg"))
    game.set_window_visible(False)
    game.set_sound_enabled(False)
    game.set_console_enabled(False)
    game.set_screen_format(vizdoom.ScreenFormat.RGB24)
    game.set_screen_resolution(vizdoom.ScreenResolution.RES_320X240)
    game.set_objects_info_enabled(spec.has_expert)
    if spec.name in _SKILL:
        game.set_doom_skill(_SKILL[spec.name])
    game.set_available_buttons([_CONTROLS[name][0] for name in (*spec.buttons, *spec.sticks)])
    return game


def _stop(game: vizdoom.DoomGame, scratch: tempfile.TemporaryDirectory[str]) -> None:
    game.close()
    scratch.cleanup()
