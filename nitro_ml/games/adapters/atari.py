"""Atari 2600 games through the Arcade Learning Environment (Bellemare et al., arXiv 1207.4708)."""

from collections.abc import Sequence

import cv2
import numpy as np
from ale_py import Action, ALEInterface, LoggerMode, roms
from numpy.typing import NDArray

from nitro_ml.games.env import Game, SavedStates, Step
from nitro_ml.games.pad import Pad
from nitro_ml.games.spec import HEIGHT, WIDTH, GameError, GameSpec

EMULATOR_HZ = 60
_PUSHES = {  # of the directional pad, to the side and down
    (0, -1): "dpad_up",
    (0, 1): "dpad_down",
    (-1, 0): "dpad_left",
    (1, 0): "dpad_right",
    (-1, -1): "dpad_up+dpad_left",
    (1, -1): "dpad_up+dpad_right",
    (-1, 1): "dpad_down+dpad_left",
    (1, 1): "dpad_down+dpad_right",
}
_FIRE = "south"


class AtariGame(Game, SavedStates):
    """One cartridge, without sticky actions: 2 emulator frames a video frame at 30 fps, 1 at 60.

    The console draws some things in every other frame only, a laser for one: of two emulator frames the brighter pixels
    are shown, or at 30 fps such things could be seen in no frame at all. Episodes differ by up to two seconds of doing
    nothing at their start, drawn from the seed. Source for both: Mnih et al., Nature 518 (2015), Methods.

    Option `ball_height`: the place in memory of the ball's height, which is 0 while the ball waits to be served.
    """

    OPTIONS = ("ball_height",)

    def __init__(self, game_spec: GameSpec, fps: int = 30, render_mode: str | None = None) -> None:
        super().__init__(game_spec, fps, render_mode)
        rom = roms.get_rom_path(game_spec.name) if game_spec.name in (there := roms.get_all_rom_ids()) else None
        if rom is None:
            raise GameError(
                f"{game_spec.name}: ale-py has no cartridge of this name; it has {', '.join(sorted(there))}."
            )
        self._rom = rom
        self._repeat = EMULATOR_HZ // fps
        self._actions = _actions(game_spec)
        self._ball_height = game_spec.options.get("ball_height")
        ALEInterface.setLoggerMode(LoggerMode.Error)

    @property
    def frame(self) -> NDArray[np.uint8]:
        """uint8 [240, 320, 3] RGB, nearest neighbour from the console's 210 x 160."""
        return np.asarray(cv2.resize(self._shown, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST), np.uint8)

    @property
    def ram(self) -> NDArray[np.uint8]:
        """The console's memory, uint8 [128]."""
        return self._ale.getRAM()

    @property
    def waiting(self) -> bool:
        return self._ball_height is not None and self.ram[self._ball_height] == 0

    def advance(self, pad: Pad) -> Step:
        x, y = pad.axis("dpad_left", "dpad_right"), pad.axis("dpad_up", "dpad_down")
        action = self._actions[x, y, pad.is_pressed(_FIRE)]
        reward = self._ale.act(action)
        self._shown = self._ale.getScreenRGB()
        for _ in range(1, self._repeat):
            reward += self._ale.act(action)
            self._shown = np.maximum(self._shown, self._ale.getScreenRGB())
        return Step(float(reward), bool(self._ale.game_over()), False)

    def _load(self, seed: int) -> None:
        """A console of its own: in some games, Freeway and Assault among them, `reset_game` leaves something behind."""
        self._ale = ALEInterface()
        self._ale.setInt("random_seed", seed % 2**31)
        self._ale.setFloat("repeat_action_probability", 0.0)
        self._ale.loadROM(self._rom)

    def _begin(self) -> None:
        self._ale.reset_game()
        for _ in range(int(self.np_random.integers(0, 2 * EMULATOR_HZ))):
            self._ale.act(Action.NOOP)
        self._shown = self._ale.getScreenRGB()
        self._kept = self._ale.cloneState(), self._shown

    def save_state(self, pads: Sequence[Pad]) -> int:
        self.advance(pads[0])
        self._kept = self._ale.cloneState(), self._shown
        return 1

    def load_state(self) -> None:
        state, self._shown = self._kept
        self._ale.restoreState(state)


def _actions(spec: GameSpec) -> dict[tuple[int, int, bool], Action]:
    """The console's action for each push to the side and down, each in {-1, 0, 1}, and whether south is held."""
    if others := sorted(set(spec.controls) - {*_PUSHES.values(), _FIRE}):
        raise GameError(f"{spec.name}: a cartridge doesn't hear {others}; only the directional pad and {_FIRE}.")
    does = {name: control.action for name, control in spec.controls.items()}
    found = {}
    for x, y in [(0, 0), *_PUSHES]:
        push = does.get(_PUSHES.get((x, y), ""), "")
        for fires in (False, True):
            name = push + (does.get(_FIRE, "") if fires else "") or "NOOP"  # the console's names are made so: UPFIRE
            if name not in Action.__members__:
                raise GameError(
                    f"{spec.name}: controls say {name!r}; a cartridge knows {', '.join(Action.__members__)}."
                )
            found[x, y, fires] = Action.__members__[name]
    return found
