"""Atari 2600 games through the Arcade Learning Environment (Bellemare et al., arXiv 1207.4708)."""

from collections.abc import Sequence

import cv2
import numpy as np
from ale_py import Action, ALEInterface, LoggerMode, roms
from numpy.typing import NDArray

from nitro_ml.games.pad import Pad
from nitro_ml.games.spec import HEIGHT, WIDTH, GameSpec, Step

EMULATOR_HZ = 60
_BALL_HEIGHT = {"breakout": 101}  # where the ball's height lies in memory; 0 while it waits to be served
_DIRECTIONS = {
    (0, 0): "",
    (0, -1): "UP",
    (0, 1): "DOWN",
    (-1, 0): "LEFT",
    (1, 0): "RIGHT",
    (-1, -1): "UPLEFT",
    (1, -1): "UPRIGHT",
    (-1, 1): "DOWNLEFT",
    (1, 1): "DOWNRIGHT",
}
_PONG = {"UP": "RIGHT", "DOWN": "LEFT"}  # Pong's paddle turns with a knob: right is up


class AtariGame:
    """One cartridge, without sticky actions: 2 emulator frames a video frame at 30 fps, 1 at 60.

    The console draws some things in every other frame only, a laser for one: of two emulator frames the brighter pixels
    are shown, or at 30 fps such things could be seen in no frame at all. Episodes differ by up to two seconds of doing
    nothing at their start, drawn from the seed. Source for both: Mnih et al., Nature 518 (2015), Methods.
    """

    def __init__(self, spec: GameSpec, seed: int, fps: int) -> None:
        self.spec = spec
        self.fps = fps
        self._repeat = EMULATOR_HZ // fps
        self._rng = np.random.default_rng(seed)
        ALEInterface.setLoggerMode(LoggerMode.Error)
        self._ale = ALEInterface()
        self._ale.setInt("random_seed", seed % 2**31)
        self._ale.setFloat("repeat_action_probability", 0.0)
        rom = roms.get_rom_path(spec.name)
        assert rom is not None  # the package carries every game of `GAMES`
        self._ale.loadROM(rom)
        self.reset()

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
        return self.spec.name in _BALL_HEIGHT and self.ram[_BALL_HEIGHT[self.spec.name]] == 0

    def step(self, pad: Pad) -> Step:
        action = self._action(pad)
        reward = self._ale.act(action)
        self._shown = self._ale.getScreenRGB()
        for _ in range(1, self._repeat):
            reward += self._ale.act(action)
            self._shown = np.maximum(self._shown, self._ale.getScreenRGB())
        return Step(float(reward), bool(self._ale.game_over()))

    def reset(self) -> None:
        self._ale.reset_game()
        for _ in range(int(self._rng.integers(0, 2 * EMULATOR_HZ))):
            self._ale.act(Action.NOOP)
        self._shown = self._ale.getScreenRGB()
        self._kept = self._ale.cloneState(), self._shown

    def keep(self, pads: Sequence[Pad]) -> int:
        self.step(pads[0])
        self._kept = self._ale.cloneState(), self._shown
        return 1

    def back(self) -> None:
        state, self._shown = self._kept
        self._ale.restoreState(state)

    def _action(self, pad: Pad) -> Action:
        name = _DIRECTIONS[pad.axis("dpad_left", "dpad_right"), pad.axis("dpad_up", "dpad_down")]
        if self.spec.name == "pong":
            name = _PONG.get(name, "")
        name += "FIRE" if pad.held("south") else ""
        return getattr(Action, name or "NOOP")
