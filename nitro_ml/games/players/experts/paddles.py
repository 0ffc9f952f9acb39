"""Experts of the games with one thing to steer along a line: Pong, Breakout, Freeway."""

import numpy as np

from nitro_ml.games.adapters.atari import AtariGame
from nitro_ml.games.pad import Pad
from nitro_ml.games.players.experts.hysteresis import Hysteresis, Trail


def _folded(at: float, low: float, high: float) -> float:
    """Where a ball really is that without the walls at `low` and `high` would be `at`."""
    way = (at - low) % (2 * (high - low))
    return low + min(way, 2 * (high - low) - way)


class PongExpert:
    """Waits where the ball will arrive, walls included, and meets it off the paddle's middle for a steep return."""

    name = "expert"
    _MEMORY = (49, 54, 51)  # the ball's x and y, the paddle's y
    _PADDLE_X, _TOP, _BOTTOM, _REST = 188, 44, 207, 120
    _MIDDLE, _EDGE = 6, 4  # from the paddle's y to its middle, and from there to where returns are steep
    _COAST = 0.05  # seconds the paddle rolls on when released

    def __init__(self, game: AtariGame, rng: np.random.Generator) -> None:
        self._game = game
        self._rng = rng
        self._grip = Hysteresis(game.fps)
        self._trail = Trail(game.fps)
        self._edge = 0.0

    def act(self) -> Pad:
        """Dpad up or down."""
        reading = self._game.ram[list(self._MEMORY)].astype(np.float64)
        x, y, paddle = reading
        dx, dy, drift = self._trail.add(reading)
        away = max(0.0, self._PADDLE_X - x)
        if 0 < dx < 600 and y > 0:
            arrival = _folded(y + dy * away / dx, self._TOP, self._BOTTOM)
            target, start = arrival - self._MIDDLE + self._edge, 10.0 + away / 5
        else:
            self._edge = self._EDGE * self._rng.choice([-1.0, 1.0])
            target, start = self._REST, 50.0
        move = self._grip.steer(target - paddle - drift * self._COAST, start, stop=3.0)
        return Pad.holding(["dpad_up"] if move < 0 else ["dpad_down"] if move > 0 else [])


class BreakoutExpert:
    """Serves, then follows the ball, loosely while it rises; when it falls, waits where it will arrive."""

    name = "expert"
    _MEMORY = (99, 101, 72)  # the ball's x and y, the paddle's x
    _PADDLE_Y, _LEFT, _RIGHT = 180, 56, 201
    _MIDDLE = 8  # from the paddle's x to its middle
    _COAST = 0.03  # seconds the paddle rolls on when released

    def __init__(self, game: AtariGame, rng: np.random.Generator) -> None:
        self._game = game
        self._grip = Hysteresis(game.fps)
        self._serve = Hysteresis(game.fps)
        self._trail = Trail(game.fps)

    def act(self) -> Pad:
        """Dpad left or right, and south to serve."""
        reading = self._game.ram[list(self._MEMORY)].astype(np.float64)
        x, y, paddle = reading
        dx, dy, drift = self._trail.add(reading)
        waiting = self._game.waiting
        above, start = max(0.0, self._PADDLE_Y - y), 40.0
        if dy > 0:
            x, start = _folded(x + dx * above / dy, self._LEFT, self._RIGHT), 5.0 + above / 4
        error = 0.0 if waiting else x - self._MIDDLE - paddle - drift * self._COAST
        move = self._grip.steer(error, start, stop=2.0)
        serve = self._serve.take(int(waiting))
        held = ["dpad_left"] if move < 0 else ["dpad_right"] if move > 0 else []
        return Pad.holding([*held, "south"] if serve else held)


class FreewayExpert:
    """Walks up, and waits between two lanes for a car that would hit it in the next one."""

    name = "expert"
    _CHICKEN_Y, _CARS_X = 14, slice(108, 118)
    _LANE, _FIRST, _STEP = 16, 12, 60.0  # a lane's height, where the first begins, how much of it is walked a second
    _ROAD, _HIT = 160, (38.0, 56.0)  # the road's length, and where on it a car hits the chicken

    def __init__(self, game: AtariGame, rng: np.random.Generator) -> None:
        self._game = game
        self._grip = Hysteresis(game.fps)
        self._trail = Trail(game.fps, self._ROAD)

    def act(self) -> Pad:
        """Dpad up, or nothing."""
        ram = self._game.ram
        cars = ram[self._CARS_X].astype(np.float64)
        speed = self._trail.add(cars)
        lane, into = divmod(int(ram[self._CHICKEN_Y]) - self._FIRST, self._LANE)
        between = into <= 2 and 0 <= lane < len(cars)
        wait = between and self._hits(cars[lane], speed[lane])
        return Pad.holding(["dpad_up"] if self._grip.take(int(not wait)) else [])

    def _hits(self, x: float, speed: float) -> bool:
        """Whether the car is at the chicken while it crosses the car's lane."""
        path = x + speed * np.linspace(0.0, self._LANE / self._STEP, 9)
        return bool(((path % self._ROAD > self._HIT[0]) & (path % self._ROAD < self._HIT[1])).any())
