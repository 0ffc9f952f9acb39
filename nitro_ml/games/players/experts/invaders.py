"""The expert of Space Invaders."""

import numpy as np

from nitro_ml.games.adapters.atari import AtariGame
from nitro_ml.games.pad import Pad
from nitro_ml.games.players.experts.hysteresis import Hysteresis


class InvadersExpert:
    """Walks from place to place under the invaders and taps the button; a tap lasts as long as a person's."""

    name = "expert"
    _PLAYER_X, _INVADERS_X, _LEFT, _WIDTH = 28, 26, 8.0, 75.0
    _NEAR, _THERE, _BOUNDS = 4.0, 2.0, (36.0, 116.0)
    _TAP = (0.1, 0.3)  # seconds it is held, and seconds until the next one

    def __init__(self, game: AtariGame, rng: np.random.Generator) -> None:
        self._game = game
        self._rng = rng
        self._walk = Hysteresis(game.fps)
        self._place = 0.0
        self._taps, self._left = False, 0

    def act(self) -> Pad:
        """Dpad left or right, and south."""
        x, invaders = self._game.ram[[self._PLAYER_X, self._INVADERS_X]].astype(np.float64)
        error = float(np.clip(invaders + self._LEFT + self._place, *self._BOUNDS) - x)
        if abs(error) <= self._NEAR:
            self._place = self._rng.uniform(0.0, self._WIDTH)
        if self._left == 0:
            self._taps, self._left = not self._taps, round(self._rng.uniform(*self._TAP) * self._game.fps)
        self._left -= 1
        move = self._walk.steer(error, self._NEAR, self._THERE)
        held = ["dpad_right"] if move > 0 else ["dpad_left"] if move < 0 else []
        return Pad.holding([*held, "south"] if self._taps else held)
