"""Experts of the first-person games: they turn the stick towards what they want, as fast as it is far."""

import numpy as np

from nitro_ml.games.adapters.vizdoom import DoomGame
from nitro_ml.games.pad import Pad
from nitro_ml.games.players.experts.hysteresis import Hysteresis

_SLEW = 6.0  # full deflections a second the thumbs move at


class _Thumb:
    """A stick that is never thrown from one side to the other at once, and moved in every other frame only."""

    def __init__(self, fps: int) -> None:
        self._reach = 2 * _SLEW / fps
        self._value = 0.0
        self._moves = False

    def push(self, wanted: float) -> float:
        self._moves = not self._moves
        if self._moves:
            self._value += float(np.clip(wanted - self._value, -self._reach, self._reach))
        return self._value


class Marksman:
    """Looks for a moment, turns the nearest monster into the middle of the view, steps towards it, and shoots.

    It walks where the game lets it walk, and only as far as it still sees what is in front of it.
    """

    name = "expert"
    _REACTION = (0.3, 0.8)  # seconds
    _TURN = 0.8  # the farthest the stick goes
    _FAR = 250.0  # map units from which on it walks up to a monster

    def __init__(self, game: DoomGame, rng: np.random.Generator) -> None:
        self._game = game
        self._rng = rng
        self._side = Hysteresis(game.fps)
        self._trigger = Hysteresis(game.fps)
        self._turn, self._walk = _Thumb(game.fps), _Thumb(game.fps)
        self._ready = 0.0

    def act(self) -> Pad:
        """Dpad left or right, sticks, right trigger: those of them that the game has."""
        spec = self._game.game_spec
        if self._game.seconds == 0.0:
            self._ready = self._rng.uniform(*self._REACTION)
        target = self._game.target if self._game.seconds >= self._ready else None
        bearing, distance = target or (0.0, 0.0)
        held = []
        if "dpad_left" in spec.buttons and (move := self._side.steer(bearing, start=10.0, stop=3.0)):
            held.append("dpad_left" if move < 0 else "dpad_right")
        if self._trigger.take(int(target is not None and abs(bearing) < 3.0)):
            held.append("right_trigger")
        sticks = {"j_right_x": self._turn.push(float(np.clip(bearing / 20.0, -self._TURN, self._TURN)))}
        if "j_left_y" in spec.sticks:
            ahead = target is None or (distance > self._FAR and abs(bearing) < 30.0)
            sticks["j_left_y"] = self._walk.push(-0.8 if ahead else 0.0)
        return Pad.holding(held, sticks)


class Gatherer:
    """Walks to the nearest thing worth having, and slows down to turn."""

    name = "expert"

    def __init__(self, game: DoomGame, rng: np.random.Generator) -> None:
        self._game = game
        self._rng = rng
        self._turn, self._walk = _Thumb(game.fps), _Thumb(game.fps)
        self._pace, self._left = 1.0, 0

    def act(self) -> Pad:
        """Left stick ahead, right stick sideways."""
        if self._left == 0:
            self._pace, self._left = self._rng.uniform(0.5, 1.0), round(self._rng.uniform(1.0, 3.0) * self._game.fps)
        self._left -= 1
        bearing, _ = self._game.target or (0.0, 0.0)
        ahead = self._pace * max(0.0, 1.0 - abs(bearing) / 60.0)
        sticks = {
            "j_left_y": self._walk.push(-ahead),
            "j_right_x": self._turn.push(float(np.clip(bearing / 30.0, -1.0, 1.0))),
        }
        return Pad.holding(sticks=sticks)
