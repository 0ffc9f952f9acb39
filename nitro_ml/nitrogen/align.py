"""What is wrong with published labels beside their pictures: a constant offset in time, a vertical axis upside down.

Both are judged by how the picture moves. An input moves it in a way of its own (left, right, nearer); that response is
strongest at the true offset, and turned round where an axis is. A game reacts some frames late by itself, and which way
is up is its own business, so a video is held against the other videos of its game, never against a rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from nitro_ml.actions import STICKS, Actions

REACH = 8  # frames an offset may have
VERTICAL = ("j_left_y", "j_right_y")
_CELLS = 3  # the picture is looked at in 3 x 3 parts, and as a whole
_EXPLAINED = 0.01  # of the movement's variance, the least that means anything
_MARGIN = 1.08  # by which the best offset beats those further than a frame from it
_ALIKE = 0.5  # cosine from which on two responses agree, or with the other sign disagree


def motion(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How the picture moves from each frame to the next, float32 [T - 1, 30]: sideways, up or down, and nearer.

    frames: uint8 [T, S, S, 3]. Gradients times difference over gradients squared: the normal equation of optical flow
    (Lucas and Kanade 1981), solved for each direction by itself. Robustly scaled to about unit variance.
    """
    grey: NDArray[np.float32] = np.stack([_grey(frame) for frame in frames])
    side = grey.shape[1]
    along, across = (np.asarray(np.gradient(grey, axis=axis))[:-1] for axis in (1, 2))
    change = grey[1:] - grey[:-1]
    place = np.linspace(-1, 1, side, dtype=np.float32)
    outwards = across * place[None, None, :] + along * place[None, :, None]
    edges = np.linspace(0, side, _CELLS + 1).astype(int)
    parts = [(slice(None), slice(None))]
    parts += [(slice(*edges[i : i + 2]), slice(*edges[j : j + 2])) for i in range(_CELLS) for j in range(_CELLS)]
    columns = []
    for gradient in (across, along, outwards):
        for rows, cols in parts:
            g, d = gradient[:, rows, cols], change[:, rows, cols]
            columns.append(-(g * d).sum(axis=(1, 2)) / (np.square(g).sum(axis=(1, 2)) + 1.0))
    found = np.stack(columns, axis=1)
    found -= np.median(found, axis=0)
    spread = np.percentile(np.abs(found), 90, axis=0) + 1e-6
    return np.clip(found / spread, -3, 3).astype(np.float32)


def _grey(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.float32)


@dataclass(frozen=True)
class Lag:
    """By how many frames the picture follows the labels; None where that cannot be told."""

    frames: int | None
    explained: float


def lag(moves: NDArray[np.float32], actions: Actions) -> Lag:
    """The lag at which the labels explain most of the movement, of -8 to 8 frames.

    moves: [T - 1, F] of `motion`; actions: of the T frames. It is told only where it explains anything, beats every lag
    further than a frame from it, and both halves of the video agree within a frame.
    """
    whole = _explained(moves, actions)
    best = int(whole.argmax())
    others = np.delete(whole, range(max(0, best - 1), best + 2))
    half = len(moves) // 2
    halves = [_explained(moves[s], actions[s]).argmax() for s in (slice(0, half), slice(half, len(moves)))]
    certain = whole[best] >= max(_EXPLAINED, _MARGIN * others.max()) and all(abs(h - best) <= 1 for h in halves)
    return Lag(best - REACH if certain else None, float(whole[best]))


Verdict = int | Literal["doubtful"] | None
"""An offset in frames (0: none); `doubtful` where there seems to be one that is too small to be sure of; None where
nothing can be told."""


def offsets(lags: Sequence[Lag]) -> list[Verdict]:
    """For videos of one game, by how many frames each one's labels are too early.

    Nothing is told of a video whose lag isn't known, nor where there are no two others to hold it against. Games react
    unevenly: one frame more or less than the others is no offset, and two are doubtful.
    """
    known = [found.frames for found in lags if found.frames is not None]
    if len(known) < 3:
        return [None] * len(lags)
    usual = median_low(known)
    return [None if found.frames is None else _verdict(found.frames - usual) for found in lags]


def _verdict(apart: int) -> Verdict:
    if abs(apart) <= 1:
        return 0
    return "doubtful" if abs(apart) == 2 else apart


def shifted(actions: Actions, offset: int) -> Actions:
    """The actions that belong to each frame when the labels are `offset` frames too early; ends are repeated."""
    return actions[np.clip(np.arange(len(actions)) - offset, 0, len(actions) - 1)]


def response(moves: NDArray[np.float32], actions: Actions, axis: str, late: int = 0) -> NDArray[np.float64] | None:
    """How the picture moves with a stick's axis, a unit vector [F]; None where it isn't moved or moves nothing."""
    x, y = _pair(moves, actions.sticks[:, [STICKS.index(axis)]].astype(np.float64), late)
    if x.std() < 0.05:
        return None
    x = (x - x.mean()) / x.std()
    found = (x * (y - y.mean(axis=0)) / (y.std(axis=0) + 1e-9)).mean(axis=0)
    strength = float(np.linalg.norm(found))
    return found / strength if np.abs(found).max() > 0.1 else None


def inverted(responses: Sequence[NDArray[np.float64] | None]) -> list[bool | None]:
    """For videos of one game, whether each one's axis is the other way round than in most; None: can't be told."""
    known = [r for r in responses if r is not None]
    if len(known) < 3:
        return [None] * len(responses)
    common = np.linalg.eigh(np.stack(known).T @ np.stack(known))[1][:, -1]
    signs = np.sign([r @ common for r in known])
    common = common * (1.0 if signs.sum() >= 0 else -1.0)
    split = abs(signs.sum()) <= 1 and len(known) > 3  # as many one way as the other
    found: list[bool | None] = []
    for r in responses:
        likeness = 0.0 if r is None or split else float(r @ common)
        found.append(None if abs(likeness) < _ALIKE else likeness < 0)
    return found


def upright(actions: Actions, axis: str) -> Actions:
    """The actions with one axis turned round."""
    sticks = actions.sticks.copy()
    sticks[:, STICKS.index(axis)] *= -1
    return Actions(actions.buttons, sticks)


def _pair(
    moves: NDArray[np.float32], inputs: NDArray[np.float64], late: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Inputs of frame t beside the movement from frame t + late to the next."""
    count = len(moves)
    first, last = max(0, -late), min(count, count - late)
    return inputs[first:last], moves[first + late : last + late].astype(np.float64)


def _explained(moves: NDArray[np.float32], actions: Actions) -> NDArray[np.float64]:
    """Share of the movement's variance that a linear function of the inputs explains, at each lag [-8, 8]."""
    inputs = np.concatenate([actions.buttons, actions.sticks], axis=1).astype(np.float64)
    inputs = inputs[:, inputs.std(axis=0) > 1e-3]
    if not inputs.shape[1] or len(moves) < 8 * REACH:
        return np.zeros(2 * REACH + 1)
    shares = []
    for late in range(-REACH, REACH + 1):
        x, y = _pair(moves, inputs, late)
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
        weights = np.linalg.solve(x.T @ x + 1.0 * np.eye(x.shape[1]), x.T @ y)
        shares.append(1.0 - np.square(y - x @ weights).sum() / (np.square(y).sum() + 1e-9))
    return np.array(shares)
