"""Training batches: stretches of play drawn from clips that may lie on disk, the same for the same seed and step."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nitro_ml.core.actions import Actions
from nitro_ml.core.clip import Clip
from nitro_ml.core.timeline import nearest
from nitro_ml.models.idm.augment import augment
from nitro_ml.models.idm.config import Augmentation, IDMRecipe
from nitro_ml.training.sampler import Sampler

TEMPO = 1.5  # times as fast, or as slow, at most


class Batch(NamedTuple):
    """frames: uint8 [B, n, S, S, 3], a step apart, n = before + T + after, where `before` and `after` are the encoder's
    reach and T a window's length with both edges; buttons: float32 [B, T, 17]; sticks: [B, T, 4]."""

    frames: Tensor
    buttons: Tensor
    sticks: Tensor


class Windows(Sampler[Batch, Clip]):
    """A stretch starts anywhere in any clip with the chance of `weight * seconds`. Beyond a clip's ends its first or
    last frame is repeated, as in labelling.
    """

    def __init__(
        self, clips: Sequence[Clip], recipe: IDMRecipe, offsets: Sequence[int], how: Augmentation, steps: int
    ) -> None:
        clips = [clip for clip in clips if len(clip) > 1 and clip.actions is not None]
        mass = [clip.weight * (clip.time[-1] - clip.time[0]) for clip in clips]
        super().__init__(clips, mass, recipe.stretches, recipe.seed, steps)
        self.recipe, self.how = recipe, how
        before, after = min(0, *offsets, 0), max(0, *offsets, 0)
        self.grid = np.arange(before - recipe.edge, recipe.length + recipe.edge + after) / recipe.rate
        self.labelled = slice(-before, len(self.grid) - after)

    def gathered(self, drawn: Sequence[Clip], rng: np.random.Generator) -> Batch:
        frames, buttons, sticks = zip(*(self._stretch(clip, rng) for clip in drawn), strict=True)
        return Batch(torch.stack(frames), torch.stack(buttons), torch.stack(sticks))

    def _stretch(self, clip: Clip, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        assert clip.actions is not None
        speed = TEMPO ** rng.uniform(-1, 1) if rng.random() < self.how.tempo else 1.0
        latest = clip.time[-1] - speed * self.recipe.length / self.recipe.rate
        start = clip.time[rng.integers(max(1, np.searchsorted(clip.time, latest)))]
        at = nearest(clip.time, start + speed * self.grid)
        held: Actions = clip.actions[at[self.labelled]]
        frames, held = augment(_rows(clip, at), held, rng, self.how)
        return (
            torch.from_numpy(np.ascontiguousarray(frames)),
            torch.from_numpy(held.buttons.astype(np.float32)),
            torch.from_numpy(held.sticks.astype(np.float32)),
        )


def _rows(clip: Clip, at: NDArray[np.int64]) -> NDArray[np.uint8]:
    """One read of the whole stretch, not one a frame: a memory map is read in order."""
    first = int(at[0])
    return np.asarray(clip.frames[first : int(at[-1]) + 1])[at - first]
