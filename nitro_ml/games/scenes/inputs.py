"""An input display over the game: a controller, or the keys of a keyboard, in a corner and in colours of its own."""

from dataclasses import dataclass

import cv2
import numpy as np

from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.box import Box
from nitro_ml.games.pad import Pad
from nitro_ml.games.scenes.look import Colour, Image, colour
from nitro_ml.games.spec import HEIGHT, WIDTH
from nitro_ml.video.overlay import draw_controller

_KEYS = (  # letter, column, row, what it stands for
    ("W", 1, 0, ("dpad_up",)),
    ("A", 0, 1, ("dpad_left",)),
    ("S", 1, 1, ("dpad_down",)),
    ("D", 2, 1, ("dpad_right",)),
    ("J", 3.5, 1, ("south", "right_trigger")),
    ("K", 4.5, 1, ("east", "left_trigger")),
)


@dataclass(frozen=True)
class InputDisplay:
    """box: in pixels of the picture; solid: how much of the game it hides, [0, 1]; turn: its colours' order."""

    keys: bool
    box: Box
    solid: float
    turn: tuple[int, ...]
    up: Colour
    down: Colour

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "InputDisplay":
        """One by chance, in one of the four corners."""
        keys = bool(rng.random() < 0.4)
        w = int(rng.integers(80, 130))
        h = round(w * (0.42 if keys else 0.6))
        x, y = (int(rng.integers(12)) if rng.integers(2) else side - int(rng.integers(12)) for side in (WIDTH, HEIGHT))
        return cls(
            keys=keys,
            box=Box(min(x, WIDTH - w), min(y, HEIGHT - h), w, h),
            solid=float(rng.uniform(0.7, 1.0)),
            turn=tuple(int(v) for v in rng.permutation(3)),
            up=colour(rng, 20, 110),
            down=colour(rng, 170, 256),
        )

    def over(self, image: Image, pad: Pad) -> Image:
        """The picture with the pad's state drawn over its corner."""
        b = self.box
        drawn = np.zeros((b.h, b.w, 3), np.uint8)
        if self.keys:
            self._keyboard(drawn, pad)
        else:
            draw_controller(drawn, Box(0, 0, b.w, b.h), pad.buttons, pad.sticks)
        corner = image[b.y : b.y + b.h, b.x : b.x + b.w]
        shown = image.copy()
        shown[b.y : b.y + b.h, b.x : b.x + b.w] = cv2.addWeighted(
            np.ascontiguousarray(drawn[..., self.turn]), self.solid, corner, 1 - self.solid, 0
        )
        return shown

    def _keyboard(self, drawn: Image, pad: Pad) -> None:
        size = drawn.shape[1] / 5.5
        sticks = {"dpad_left": -pad.sticks[0], "dpad_right": pad.sticks[0], "dpad_up": -pad.sticks[1]}
        for letter, column, row, names in _KEYS:
            pressed = any(pad.buttons[BUTTONS.index(name)] or sticks.get(name, 0) > 0.3 for name in names)
            left, top = round(column * size + 1), round(row * size + 1)
            fill = self.down if pressed else self.up
            cv2.rectangle(drawn, (left, top), (round(left + size - 3), round(top + size - 3)), fill, cv2.FILLED)
            place = (left + round(size / 4), top + round(size * 0.65))
            cv2.putText(drawn, letter, place, cv2.FONT_HERSHEY_SIMPLEX, size / 45, (250, 250, 250), 1, cv2.LINE_AA)
