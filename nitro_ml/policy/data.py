"""What the policy learns from: frames with the chunk of actions that follows each, drawn by the clips' weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from nitro_ml.clip import Clip
from nitro_ml.policy import chunk
from nitro_ml.steps import Steps


@dataclass(frozen=True)
class Batch:
    """frames: uint8 [B, S, S, 3]; chunks: float32 [B, H, 21]; mask: bool [B, H], false after a clip's end."""

    frames: Tensor
    chunks: Tensor
    mask: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(self.frames.to(device), self.chunks.to(device), self.mask.to(device))


def gather(picks: Sequence[tuple[Steps, int]], horizon: int) -> Batch:
    """The batch of these (clip, step) pairs, padded with zeros and masked after each clip's end."""
    frames = torch.from_numpy(np.concatenate([steps.frames(i, i + 1) for steps, i in picks]))
    chunks = torch.zeros(len(picks), horizon, chunk.DIMENSIONS)
    mask = torch.zeros(len(picks), horizon, dtype=torch.bool)
    for row, (steps, i) in enumerate(picks):
        ahead = chunk.encode(steps.actions(i, i + horizon))
        chunks[row, : len(ahead)] = ahead
        mask[row, : len(ahead)] = True
    return Batch(frames, chunks, mask)


class Chunks(IterableDataset[Batch]):
    """Endless random batches from number `first` on; each step of a clip is drawn in proportion to the clip's weight.

    Each batch follows from the seed and its number, so that a resumed training sees what it would have seen.
    """

    def __init__(self, clips: Sequence[Clip], horizon: int, batch: int, seed: int) -> None:
        self.steps = [Steps(clip) for clip in clips]
        mass = np.array([len(steps) * steps.clip.weight for steps in self.steps])
        self.share = mass / mass.sum()
        self.horizon, self.batch, self.seed, self.first = horizon, batch, seed, 0

    def __iter__(self) -> Iterator[Batch]:
        for step in count(self.first):
            rng = np.random.default_rng((self.seed, step))
            drawn = [self.steps[k] for k in rng.choice(len(self.steps), self.batch, p=self.share)]
            yield gather([(steps, int(rng.integers(len(steps)))) for steps in drawn], self.horizon)

    def actions(self) -> Tensor:
        """Everything held in the clips: float32 [N, 21]."""
        return torch.cat([chunk.encode(steps.actions(0, len(steps))) for steps in self.steps])
