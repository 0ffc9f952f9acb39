"""What the policy learns from: frames with the chunk of actions that follows each, drawn by the clips' weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nitro_ml.clip import Clip
from nitro_ml.draws import Draws
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


class Chunks(Draws[Batch]):
    """Frames with the chunks that follow them."""

    def __init__(self, clips: Sequence[Clip], horizon: int, batch: int, seed: int) -> None:
        super().__init__([Steps(clip) for clip in clips], batch, seed)
        self.horizon = horizon

    def gathered(self, drawn: Sequence[Steps], rng: np.random.Generator) -> Batch:
        return gather([(steps, int(rng.integers(len(steps)))) for steps in drawn], self.horizon)

    def actions(self) -> Tensor:
        """Everything held in the clips: float32 [N, 21]."""
        return torch.cat([chunk.encode(steps.actions(0, len(steps))) for steps in self.steps])
