"""An episode to look at: what was shown while it was played, with the controller drawn, as an animated picture."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitro_ml.core.box import Box
from nitro_ml.core.resample import RATE
from nitro_ml.models.policy.play.episodes import Episode, begun
from nitro_ml.video.overlay import draw_controller

EVERY, SIZE, CONTROLLER = 3, (240, 180), Box(0, 142, 63, 38)
"""Every third frame is shown, in pixels (width, height), with the controller in the lower left corner."""


def film(game: str, seed: int, episode: Episode, seconds: float) -> NDArray[np.uint8]:
    """The last `seconds` of an episode of `play.episodes` with this seed: uint8 [T, 180, 240, 3], 10 a second."""
    running = begun(game, seed, episode.number)
    first = len(episode.pads) - round(seconds * RATE)
    frames = []
    for number, pad in enumerate(episode.pads):
        if number >= first and number % EVERY == 0:
            image = np.ascontiguousarray(cv2.resize(running.frame, SIZE, interpolation=cv2.INTER_AREA), np.uint8)
            draw_controller(image, CONTROLLER, pad.buttons, pad.sticks)
            frames.append(image)
        running.advance(pad)
    return np.stack(frames)


def write_webp(frames: NDArray[np.uint8], path: Path) -> None:
    """An endless animation; WebP, since it takes a fifth of a GIF's bytes."""
    images = [Image.fromarray(frame) for frame in frames]
    pause = round(1000 * EVERY / RATE)
    images[0].save(path, save_all=True, append_images=images[1:], duration=pause, loop=0, quality=40, method=2)
