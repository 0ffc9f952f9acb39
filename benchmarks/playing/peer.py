"""A plain peer of the policy: DQN's network on three grey frames of 84 pixels, a Bernoulli a button, sampled.

What a practitioner would try first (Mnih et al., Nature 518, 2015; Kanervisto et al., arXiv 2005.05058): behaviour
cloning by cross-entropy, one action a frame. Sticks are regressed.
"""

import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from nitro_ml.core.actions import BUTTONS, STICKS, Actions
from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import ResampledClip

BATCH, RATE = 64, 5e-4


class Peer(nn.Module):
    """Plays like `nitro_ml.models.policy.play.agent.Policy`, an action at a time."""

    resolution, context, execute, commit = 84, (-2, -1, 0), 1, 0

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(len(self.context), 32, 8, 4),
            nn.ReLU(),
            nn.Conv2d(32, 64, 4, 2),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64 * 7 * 7, 512),
            nn.ReLU(),
            nn.Linear(512, len(BUTTONS) + len(STICKS)),
        )

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 [B, 3, 84, 84, 3] -> button logits [B, 17], sticks [B, 4]."""
        out = self.net(frames.float().mean(-1).div_(255))
        return out[:, : len(BUTTONS)], out[:, len(BUTTONS) :]

    def noise(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """What decides the buttons, float32 [17]."""
        return rng.random(len(BUTTONS), dtype=np.float32)

    @torch.inference_mode()
    def act(self, frames: NDArray[np.uint8], eps: NDArray[np.float32]) -> list[Actions]:
        """One action for each context."""
        logits, sticks = self(torch.from_numpy(frames))
        held, moved = logits.sigmoid().numpy() > eps, sticks.clamp(-1, 1).numpy()
        return [Actions(held[row : row + 1], moved[row : row + 1]) for row in range(len(frames))]


def train_peer(clips: Sequence[Clip], core_seconds: float, seed: int = 0) -> Peer:
    """Trained on labelled clips of 84 pixels for so much processor time of this process."""
    rng, started = np.random.default_rng(seed), time.process_time()
    torch.manual_seed(seed)
    peer, steps = Peer(), [ResampledClip(clip) for clip in clips]
    optimizer = torch.optim.Adam(peer.parameters(), RATE)
    share = np.array([len(own) for own in steps]) / sum(len(own) for own in steps)
    while time.process_time() - started < core_seconds:
        picks = [(steps[k], int(rng.integers(len(steps[k])))) for k in rng.choice(len(steps), BATCH, p=share)]
        frames = np.stack([own.frames_at(np.maximum(i + np.array(peer.context), 0)) for own, i in picks])
        held = [own.actions(i, i + 1) for own, i in picks]
        logits, sticks = peer(torch.from_numpy(frames))
        buttons = torch.from_numpy(np.concatenate([one.buttons for one in held])).float()
        loss = functional.binary_cross_entropy_with_logits(logits, buttons, reduction="none").sum(-1).mean()
        loss = loss + (sticks - torch.from_numpy(np.concatenate([one.sticks for one in held]))).square().sum(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return peer.eval()
