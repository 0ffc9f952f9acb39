"""Training batches: stretches of play drawn from clips that may lie on disk, the same for the same seed and step."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from nitro_ml.clip import Clip
from nitro_ml.idm.model import RATE
from nitro_ml.idm.recipe import IDMRecipe
from nitro_ml.metrics.align import nearest


class Batch(NamedTuple):
    """frames: uint8 [B, L + 2 * reach + 1, S, S, 3], 1/30 s apart; buttons: float32 [B, L, 17]; sticks: [B, L, 4]."""

    frames: Tensor
    buttons: Tensor
    sticks: Tensor


class Stretches(IterableDataset[Batch]):
    """Batch number i is drawn with a generator of its own, so that a resumed training sees what it would have seen.

    A stretch starts anywhere in any clip with the chance of `weight * seconds`. Beyond a clip's ends its first or last
    frame is repeated, as in labelling.
    """

    def __init__(self, clips: Sequence[Clip], recipe: IDMRecipe) -> None:
        self.clips = [clip for clip in clips if len(clip) > 1 and clip.actions is not None]
        self.recipe = recipe
        self.first = 0
        share = np.array([clip.weight * (clip.time[-1] - clip.time[0]) for clip in self.clips])
        self.chance = share / share.sum()

    def __iter__(self) -> Iterator[Batch]:
        return (self.batch(step) for step in range(self.first, self.recipe.steps))

    def batch(self, step: int) -> Batch:
        """The batch of one step of the training."""
        rng = np.random.default_rng((self.recipe.seed, step))
        chosen = rng.choice(len(self.clips), self.recipe.stretches, p=self.chance)
        frames, buttons, sticks = zip(*(self._stretch(self.clips[c], rng) for c in chosen), strict=True)
        return Batch(torch.stack(frames), torch.stack(buttons), torch.stack(sticks))

    def _stretch(self, clip: Clip, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        recipe = self.recipe
        assert clip.actions is not None
        steps = np.arange(-recipe.reach, recipe.length + recipe.reach + 1) / RATE
        latest = clip.time[-1] - recipe.length / RATE
        start = clip.time[rng.integers(max(1, np.searchsorted(clip.time, latest)))]
        at = nearest(clip.time, start + steps)
        labelled = at[recipe.reach : recipe.reach + recipe.length]
        frames = augment(np.ascontiguousarray(clip.frames[at]), rng, recipe)
        return (
            torch.from_numpy(frames),
            torch.from_numpy(clip.actions.buttons[labelled].astype(np.float32)),
            torch.from_numpy(clip.actions.sticks[labelled]),
        )


def augment(frames: NDArray[np.uint8], rng: np.random.Generator, recipe: IDMRecipe) -> NDArray[np.uint8]:
    """One change of brightness and contrast for the whole stretch, uint8 [n, S, S, 3], and perhaps black rectangles.

    A labelled video's masked overlay leaves a black corner that other videos don't have: black must mean nothing.
    """
    gain, lift = 1 + rng.uniform(-recipe.jitter, recipe.jitter), 128 * rng.uniform(-recipe.jitter, recipe.jitter)
    table = np.clip(np.arange(256) * gain + lift, 0, 255).astype(np.uint8)
    frames = table[frames]
    if rng.random() < recipe.erase:
        side = frames.shape[1]
        for _ in range(rng.integers(1, 3)):
            h, w = rng.integers(side // 12, side // 3, 2)
            y, x = rng.integers(0, side - h), rng.integers(0, side - w)
            frames[:, y : y + h, x : x + w] = 0
    return frames
