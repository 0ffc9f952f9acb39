"""What the policy learns from: context frames with the chunk of actions that follows, drawn by the clips' weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import ResampledClip, frames_of
from nitro_ml.models.policy import chunk
from nitro_ml.models.policy.config import AnyRecipe
from nitro_ml.training.sampler import Sampler

MOST = 1_000_000
"""Steps that the statistics of a policy's actions are taken from: nine hours."""


@dataclass(frozen=True)
class Batch:
    """frames: uint8 [B, K, S, S, 3]; chunks: float32 [B, H, D]; mask: bool [B, H], false after a clip's end."""

    frames: Tensor
    chunks: Tensor
    mask: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(self.frames.to(device), self.chunks.to(device), self.mask.to(device))


def gather(
    picks: Sequence[tuple[ResampledClip, int]], recipe: AnyRecipe, rng: np.random.Generator | None = None
) -> Batch:
    """The batch of these (clip, step) pairs, padded with zeros and masked after each clip's end.

    Before a clip's start its first frame is repeated, as at the start of an episode. Where a clip has probabilities,
    each button of a chunk is held where they exceed one number drawn from `rng` for the whole chunk: held as often as
    it is likely, and not in flickers.
    """
    context = np.array(recipe.context)
    frames = frames_of([(steps, np.maximum(i + context, 0)) for steps, i in picks])
    chunks = np.zeros((len(picks), recipe.horizon, recipe.layout.dimensions), np.float32)
    mask = np.zeros((len(picks), recipe.horizon), np.bool_)
    for row, (steps, i) in enumerate(picks):
        ahead = _ahead(steps, i, recipe, rng)
        chunks[row, : len(ahead)] = ahead
        mask[row, : len(ahead)] = True
    return Batch(torch.from_numpy(frames), torch.from_numpy(chunks), torch.from_numpy(mask))


def _ahead(steps: ResampledClip, i: int, recipe: AnyRecipe, rng: np.random.Generator | None) -> NDArray[np.float32]:
    """Up to H actions from the `shift` after step i on, float32 [H, D]."""
    index = steps.ahead(i, recipe.shift, recipe.horizon, recipe.layout.rate)
    held = steps.clip.acted(index)
    if rng is not None and steps.clip.chance is not None:
        chance = steps.clip.chance[index]
        held = replace(held, buttons=chance > rng.random(chance.shape[1]))
    return chunk.encode(held, recipe.layout)


class Chunks(Sampler[Batch, ResampledClip]):
    """Contexts with the chunks that follow them."""

    def __init__(self, clips: Sequence[Clip], recipe: AnyRecipe) -> None:
        steps = [ResampledClip(clip) for clip in clips]
        super().__init__(steps, [len(own) * own.clip.weight for own in steps], recipe.batch, recipe.seed)
        self.recipe = recipe

    def gathered(self, drawn: Sequence[ResampledClip], rng: np.random.Generator) -> Batch:
        return gather([(steps, int(rng.integers(len(steps)))) for steps in drawn], self.recipe, rng)

    def sample(self, count: int = 1024) -> Batch:
        """So many contexts as they are drawn, from batches of their own."""
        return self.drawn(np.random.default_rng((self.recipe.seed, 0, 1)), count)

    def actions(self) -> Tensor:
        """What is held in the clips, of many evenly spread steps: float32 [N, 21], N at most `MOST`."""
        every = -(-sum(map(len, self.sources)) // MOST)
        held = (s.clip.acted(s.index(np.arange(0, len(s), every))) for s in self.sources)
        return torch.from_numpy(np.concatenate([chunk.encode(own) for own in held]))
