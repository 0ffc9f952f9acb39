"""What the world models learn from: a few consecutive frames, and what was held in the last but one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from nitro_ml.core.actions import Actions
from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import ResampledClip, frames_of
from nitro_ml.training.sampler import Sampler


@dataclass(frozen=True)
class Batch:
    """past: float32 [B, k, 3, S, S] in [0, 1], the last k frames; future: [B, 3, S, S], the next one.

    actions: float32 [B, 21], 17 buttons and 4 sticks held while the last frame of `past` is shown; None without labels.
    """

    past: Tensor
    future: Tensor
    actions: Tensor | None

    def __len__(self) -> int:
        return len(self.past)

    def to(self, device: torch.device) -> "Batch":
        actions = None if self.actions is None else self.actions.to(device)
        return Batch(self.past.to(device), self.future.to(device), actions)

    @property
    def now(self) -> Tensor:
        """The last known frame [B, 3, S, S]."""
        return self.past[:, -1]


def to_input(actions: Actions) -> Tensor:
    """float32 [T, 21]: the buttons as 0 or 1, then the sticks in [-1, 1]."""
    return torch.from_numpy(np.concatenate([actions.buttons, actions.sticks], axis=1, dtype=np.float32))


def to_small(frames: np.ndarray, size: int) -> Tensor:
    """float32 [n, 3, size, size] in [0, 1] from uint8 [n, S, S, 3], by area averaging; S must be a multiple of size."""
    return F.avg_pool2d(torch.from_numpy(frames).permute(0, 3, 1, 2) / 255.0, frames.shape[1] // size)


def gather(picks: Sequence[tuple[ResampledClip, int]], context: int, size: int, labelled: bool) -> Batch:
    """The batch whose last known frame is step i of the clip, for each (clip, i)."""
    frames = np.concatenate(frames_of([(steps, np.arange(i + 1 - context, i + 2)) for steps, i in picks]))
    small = to_small(frames, size).unflatten(0, (len(picks), context + 1))
    actions = torch.cat([to_input(steps.actions(i, i + 1)) for steps, i in picks]) if labelled else None
    return Batch(small[:, :-1], small[:, -1], actions)


class Transitions(Sampler[Batch, ResampledClip]):
    """A few consecutive frames each."""

    def __init__(self, clips: Sequence[Clip], context: int, size: int, labelled: bool, batch: int, seed: int) -> None:
        steps = [own for own in map(ResampledClip, clips) if len(own) > context]
        super().__init__(steps, [len(own) * own.clip.weight for own in steps], batch, seed)
        self.context, self.size, self.labelled = context, size, labelled

    def gathered(self, drawn: Sequence[ResampledClip], rng: np.random.Generator) -> Batch:
        picks = [(steps, int(rng.integers(self.context - 1, len(steps) - 1))) for steps in drawn]
        return gather(picks, self.context, self.size, self.labelled)
