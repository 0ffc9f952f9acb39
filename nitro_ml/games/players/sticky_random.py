"""The sticky-random player, called `wanderer`: it holds its buttons as people do, a few presses a second at most."""

import numpy as np

from nitro_ml.games.env import Game
from nitro_ml.games.pad import Pad

HOLD = (0.1, 0.8)  # seconds a choice is held, drawn evenly
SLEW = 10.0  # full deflections a second a thumb can move a stick


class StickyRandom:
    """Draws a direction, an action button and a target for each stick, each for a random while, with pauses between."""

    name = "wanderer"

    def __init__(self, game: Game, rng: np.random.Generator) -> None:
        self._game = game
        self._rng = rng
        directions = [b for b in game.game_spec.buttons if b.startswith("dpad_")]
        # Serving is the only use of south where the game waits for it; elsewhere it is an action of its own.
        others = [b for b in game.game_spec.buttons if b not in directions and game.game_spec.serves != b]
        self._fingers = [_Finger(group, rng) for group in (directions, others) if group]
        self._thumbs = [_Thumb(stick, rng) for stick in game.game_spec.sticks]
        self._serve = _Finger([game.game_spec.serves], rng) if game.game_spec.serves else None

    def act(self) -> Pad:
        """The pad for the frame that is shown now."""
        seconds = 1.0 / self._game.fps
        held = [f.move(seconds) for f in self._fingers]
        if self._serve and self._game.waiting:
            held.append(self._serve.move(seconds))
        return Pad.holding([b for b in held if b], {t.stick: t.move(seconds) for t in self._thumbs})


class _Finger:
    """Holds one button of its group for a while, then another one or none."""

    def __init__(self, buttons: list[str], rng: np.random.Generator) -> None:
        self._choices = [None, *buttons]
        self._rng = rng
        self._held: str | None = None
        self._left = 0.0

    def move(self, seconds: float) -> str | None:
        if self._left <= 0.0:
            others = [choice for choice in self._choices if choice != self._held]
            self._held = others[self._rng.integers(len(others))]
            self._left = self._rng.uniform(*HOLD)
        self._left -= seconds
        return self._held


class _Thumb:
    """Moves one stick towards a target, holds it for a while, and lets it go to the middle every other time."""

    def __init__(self, stick: str, rng: np.random.Generator) -> None:
        self.stick = stick
        self._rng = rng
        self._value = self._target = self._left = 0.0

    def move(self, seconds: float) -> float:
        if self._left <= 0.0:
            self._target = self._rng.uniform(-1.0, 1.0) if self._target == 0.0 else 0.0
            self._left = self._rng.uniform(*HOLD)
        self._left -= seconds
        reach = SLEW * seconds
        self._value += float(np.clip(self._target - self._value, -reach, reach))
        return self._value
