"""Changes to a stretch of play that keep its inputs true: a mirrored game is another game, with left for right.

What an unseen game shares with the known ones is that things move where a direction is held, whatever they look like.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, STICKS, Actions
from nitro_ml.models.idm.config import Augmentation

Pixels = NDArray[np.uint8]


def _exchange(*pairs: tuple[str, str]) -> NDArray[np.int64]:
    order = np.arange(len(BUTTONS))
    for a, b in pairs:
        i, j = BUTTONS.index(a), BUTTONS.index(b)
        order[i], order[j] = j, i
    return order


MIRROR = _exchange(("dpad_left", "dpad_right"))
FLIP = _exchange(("dpad_down", "dpad_up"))
TURN = _exchange(("dpad_left", "dpad_up"), ("dpad_right", "dpad_down"))
X = np.array([name.endswith("x") for name in STICKS])
OTHER_AXIS = np.array([1, 0, 3, 2])


def augment(frames: Pixels, actions: Actions, rng: np.random.Generator, how: Augmentation) -> tuple[Pixels, Actions]:
    """The same changes to all frames, uint8 [n, S, S, 3], and to the actions, [L]."""
    frames, actions = _symmetry(frames, actions, rng, how)
    frames = _zoom(frames, rng) if rng.random() < how.zoom else frames
    frames = _colour(frames, rng, how)
    return (_erase(frames, rng) if rng.random() < how.erase else frames), actions


def _symmetry(frames: Pixels, actions: Actions, rng: np.random.Generator, how: Augmentation) -> tuple[Pixels, Actions]:
    buttons, sticks = actions.buttons, actions.sticks
    if rng.random() < how.mirror:
        frames, buttons, sticks = frames[:, :, ::-1], buttons[:, MIRROR], np.where(X, -sticks, sticks)
    if rng.random() < how.flip:
        frames, buttons, sticks = frames[:, ::-1], buttons[:, FLIP], np.where(X, sticks, -sticks)
    if rng.random() < how.turn:
        frames, buttons, sticks = frames.transpose(0, 2, 1, 3), buttons[:, TURN], sticks[:, OTHER_AXIS]
    return frames, Actions(buttons, sticks)


def _zoom(frames: Pixels, rng: np.random.Generator) -> Pixels:
    """A part of 70 to 100% of each side, of its own on each axis, enlarged to the whole."""
    side = frames.shape[1]
    h, w = rng.integers(round(0.7 * side), side + 1, 2)
    y, x = rng.integers(0, side - h + 1), rng.integers(0, side - w + 1)
    part = frames[:, y : y + h, x : x + w]
    return np.stack([np.asarray(cv2.resize(frame, (side, side)), np.uint8) for frame in part])


def _colour(frames: Pixels, rng: np.random.Generator, how: Augmentation) -> Pixels:
    """Brightness and contrast, and perhaps the channels in another order and their negative."""
    gain, lift = 1 + rng.uniform(-how.jitter, how.jitter), 128 * rng.uniform(-how.jitter, how.jitter)
    tone = np.arange(256) * gain + lift
    if rng.random() < how.colour:
        frames = frames[..., rng.permutation(3)]
        tone = 255 - tone if rng.random() < 0.5 else tone
    flat = np.ascontiguousarray(frames).reshape(len(frames), -1)
    return np.asarray(cv2.LUT(flat, np.clip(tone, 0, 255).astype(np.uint8)), np.uint8).reshape(frames.shape)


def _erase(frames: Pixels, rng: np.random.Generator) -> Pixels:
    """One or two black rectangles: the masked overlay of a labelled video leaves a black corner that other videos don't
    have, so black must mean nothing."""
    frames, side = frames.copy(), frames.shape[1]
    for _ in range(rng.integers(1, 3)):
        h, w = rng.integers(side // 12, side // 3, 2)
        y, x = rng.integers(0, side - h), rng.integers(0, side - w)
        frames[:, y : y + h, x : x + w] = 0
    return frames
