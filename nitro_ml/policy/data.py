"""What the policy learns from: frames with the chunk of actions that follows each, drawn by the clips' weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nitro_ml.clip import Clip
from nitro_ml.draws import Draws
from nitro_ml.policy import chunk
from nitro_ml.policy.recipe import AnyRecipe
from nitro_ml.steps import Steps


@dataclass(frozen=True)
class Batch:
    """frames: uint8 [B, S, S, 3]; chunks: float32 [B, H, D]; mask: bool [B, H], false after a clip's end."""

    frames: Tensor
    chunks: Tensor
    mask: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(self.frames.to(device), self.chunks.to(device), self.mask.to(device))


def gather(picks: Sequence[tuple[Steps, int]], recipe: AnyRecipe) -> Batch:
    """The batch of these (clip, step) pairs, padded with zeros and masked after each clip's end."""
    frames = torch.from_numpy(np.concatenate([steps.frames(i, i + 1) for steps, i in picks]))
    chunks = torch.zeros(len(picks), recipe.horizon, recipe.layout.dimensions)
    mask = torch.zeros(len(picks), recipe.horizon, dtype=torch.bool)
    for row, (steps, i) in enumerate(picks):
        index = steps.ahead(i, recipe.shift, recipe.horizon, recipe.layout.rate)
        ahead = chunk.encode(steps.held(index), recipe.layout)
        chunks[row, : len(ahead)] = ahead
        mask[row, : len(ahead)] = True
    return Batch(frames, chunks, mask)


class Chunks(Draws[Batch]):
    """Frames with the chunks that follow them."""

    def __init__(self, clips: Sequence[Clip], recipe: AnyRecipe) -> None:
        super().__init__([Steps(clip) for clip in clips], recipe.batch, recipe.seed)
        self.recipe = recipe

    def gathered(self, drawn: Sequence[Steps], rng: np.random.Generator) -> Batch:
        return gather([(steps, int(rng.integers(len(steps)))) for steps in drawn], self.recipe)

    def actions(self) -> Tensor:
        """Everything held in the clips: float32 [N, 21]."""
        return torch.cat([chunk.encode(steps.actions(0, len(steps))) for steps in self.steps])
