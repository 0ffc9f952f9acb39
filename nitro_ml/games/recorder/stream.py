"""A streamer's picture: the game beside a panel, and the controller drawn over a corner of both."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.box import Box
from nitro_ml.games.pad import Pad
from nitro_ml.games.spec import HEIGHT, WIDTH
from nitro_ml.video.overlay import draw_controller

PANEL = 106  # pixels beside the game: 426 x 240 in all
_WIDE, _HIGH = 120, 72  # the overlay, wider than the panel


@dataclass(frozen=True)
class Layout:
    """Where the game and the controller overlay are, in pixels of the whole picture, and the panel's colour."""

    game: Box
    overlay: Box
    colour: tuple[int, ...]
    width: int = WIDTH + PANEL
    height: int = HEIGHT

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Layout":
        """A layout by chance: panel left or right, the overlay anywhere along it and 14-26 pixels into the game."""
        reach = _WIDE - PANEL + int(rng.integers(13))
        y = int(rng.integers(HEIGHT - _HIGH + 1))
        colour = tuple(int(v) for v in rng.integers(10, 120, 3))
        if rng.integers(2):
            return cls(Box(0, 0, WIDTH, HEIGHT), Box(WIDTH - reach, y, _WIDE, _HIGH), colour)
        return cls(Box(PANEL, 0, WIDTH, HEIGHT), Box(PANEL + reach - _WIDE, y, _WIDE, _HIGH), colour)

    def compose(self, image: NDArray[np.uint8], pad: Pad) -> NDArray[np.uint8]:
        """uint8 [240, 426, 3]: the game's picture (uint8 [240, 320, 3]) with the pad held in it."""
        left, right = self.game.x, self.width - self.game.x - self.game.w
        canvas = np.asarray(
            cv2.copyMakeBorder(image, 0, 0, left, right, cv2.BORDER_CONSTANT, value=self.colour), np.uint8
        )
        box = self.overlay
        canvas[box.y : box.y + box.h, box.x : box.x + box.w] = _controller(pad.buttons.tobytes(), pad.sticks.tobytes())
        return canvas


@lru_cache(maxsize=64)
def _controller(buttons: bytes, sticks: bytes) -> NDArray[np.uint8]:
    """The overlay's picture; inputs are held for many frames, so it is drawn once for all of them."""
    image = np.zeros((_HIGH, _WIDE, 3), np.uint8)
    draw_controller(image, Box(0, 0, _WIDE, _HIGH), np.frombuffer(buttons, np.bool_), np.frombuffer(sticks, np.float32))
    return image
