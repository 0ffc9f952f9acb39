"""Trained world models, ready to use."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import ResampledClip
from nitro_ml.models.world.config import WorldRecipe
from nitro_ml.models.world.data import to_small
from nitro_ml.models.world.dynamics import DynamicsNet
from nitro_ml.models.world.latent import LatentNet
from nitro_ml.training import checkpoint


class WorldError(ValueError):
    """A world model that cannot be trained or used as asked; the message says why and what is allowed."""


def load_latent(path: Path) -> LatentNet:
    """From a checkpoint folder of kind `latent`. Raises `CheckpointError`, or `WorldError` for another kind."""
    state, recipe = _load(path, "latent")
    net = LatentNet(recipe.latent)
    net.load_state_dict(state)
    return net.eval()


def load_world(path: Path) -> DynamicsNet:
    """From a checkpoint folder of kind `world`. Raises `CheckpointError`, or `WorldError` for another kind."""
    state, recipe = _load(path, "world")
    net = DynamicsNet(recipe.dynamics)
    net.load_state_dict(state)
    return net.eval()


@torch.inference_mode()
def codes(net: LatentNet, clip: Clip) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Times [n] and latent actions [n] of a clip's steps of 1/30 s; each leads from its frame to the next, so that the
    clip's last step has none.
    """
    steps = ResampledClip(clip)
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(steps) - 1, 256):
        frames = to_small(steps.frames(start, min(start + 257, len(steps))), net.section.size)
        found.append(net.encode(frames[:-1], frames[1:]).numpy())
    return clip.time[steps.index(slice(0, -1))], np.concatenate(found)


def _load(path: Path, kind: str) -> tuple[dict[str, Any], WorldRecipe]:
    state, card = checkpoint.load(path)
    if card.get("kind") != kind:
        raise WorldError(f"{path.name}: found a checkpoint of kind {card.get('kind')!r}; allowed here is {kind!r}.")
    return state, WorldRecipe(**card["recipe"])
