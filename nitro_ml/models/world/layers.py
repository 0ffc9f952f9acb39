"""The next frame from the last ones and a condition: a residual convolutional net on unshuffled pixels."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PATCH = 2  # pixels a side that become channels: all convolutions run at half the size


class Block(nn.Module):
    """Two convolutions whose channels in between are scaled and shifted by the condition (FiLM, arXiv 1709.07871)."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.film = nn.Linear(condition, 2 * channels)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        scale, shift = self.film(c)[:, :, None, None].chunk(2, dim=1)
        return x + self.second(F.relu(self.first(F.relu(x)) * (1 + scale) + shift))


class Predictor(nn.Module):
    """Predicts the next frame as a change of the last, times a gate in (0, 1) that closes where nothing moves.

    forward(past [B, k, 3, S, S] in [0, 1], condition [B, C]) -> [B, 3, S, S], not clipped; S must be even.
    """

    def __init__(self, context: int, channels: int, condition: int, blocks: int = 3) -> None:
        super().__init__()
        width = 2 * channels
        self.condition = nn.Sequential(nn.Linear(condition, width), nn.ReLU(), nn.Linear(width, width))
        self.stem = nn.Sequential(nn.PixelUnshuffle(PATCH), nn.Conv2d(3 * context * PATCH**2, channels, 3, padding=1))
        self.blocks = nn.ModuleList(Block(channels, width) for _ in range(blocks))
        last = nn.Conv2d(channels, 4 * PATCH**2, 3, padding=1)
        nn.init.zeros_(last.weight)
        self.out = nn.Sequential(last, nn.PixelShuffle(PATCH))

    def forward(self, past: Tensor, condition: Tensor) -> Tensor:
        c = self.condition(condition)
        x = self.stem(past.flatten(1, 2))
        for block in self.blocks:
            x = block(x, c)
        change, gate = self.out(x).split([3, 1], 1)
        return past[:, -1] + change * gate.sigmoid()


def changed(now: Tensor, future: Tensor) -> Tensor:
    """Where the next frame differs from this one: bool [B, 1, S, S], by more than 8 of 255 grey levels in any
    channel.
    """
    return (future - now).abs().amax(1, keepdim=True) > 8 / 255


def weighted_error(predicted: Tensor, now: Tensor, future: Tensor, contrast: float) -> Tensor:
    """Mean squared error of frames [B, 3, S, S] with changed pixels counted `contrast` times."""
    weight = torch.where(changed(now, future), contrast, 1.0)
    return ((predicted - future).square().mean(1, keepdim=True) * weight).sum() / weight.sum()
