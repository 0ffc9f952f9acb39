"""Real play for the benchmarks of packed clips: open games, a pad held for a while, then another."""

from functools import lru_cache

import cv2
import gymnasium
import numpy as np
from numpy.typing import NDArray

import nitro_ml.games  # noqa: F401 - registers them
from nitro_ml.core.actions import Actions

GAMES = ("pong", "breakout", "freeway", "space_invaders", "basic", "health_gathering", "defend_the_center")
FRAMES = 120
"""Of each game: four seconds."""
HELD = 6
"""Frames that a pad is held for."""


@lru_cache
def play(size: int, quick: bool) -> dict[str, NDArray[np.uint8]]:
    """uint8 [FRAMES, size, size, 3] of each game; fewer frames of fewer games where it is to be quick."""
    games, frames = (GAMES[::6], 40) if quick else (GAMES, FRAMES)
    return {game: np.stack(_shown(game, size, frames)) for game in games}


def _shown(game: str, size: int, frames: int) -> list[NDArray[np.uint8]]:
    env = gymnasium.make(f"nitro/{game}-v0").unwrapped
    env.reset(seed=1)
    env.action_space.seed(1)
    shown = []
    for number in range(frames):
        if number % HELD == 0:
            pad = env.action_space.sample()
        seen, _, terminated, truncated, _ = env.step(pad)
        shown.append(cv2.resize(seen, (size, size), interpolation=cv2.INTER_AREA))
        if terminated or truncated:
            env.reset()
    env.close()
    return shown


def noise(frames: int) -> Actions:
    """Inputs that mean nothing."""
    rng = np.random.default_rng(0)
    return Actions(rng.random((frames, 17)) < 0.2, rng.uniform(-1, 1, (frames, 4)).astype(np.float32))
