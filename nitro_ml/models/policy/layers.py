"""The policy's layers: attention, feed-forward, adaptive layer norm, sinusoidal positions."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

KeysValues = tuple[Tensor, Tensor]
"""What is attended to: keys and values, each [B, heads, M, W / heads]."""


def sinusoid(position: Tensor, width: int) -> Tensor:
    """Sines and cosines [..., width] of positions [...], wavelengths from 2 pi to 20000 pi (arXiv 1706.03762, 3.5)."""
    rate = torch.exp(-math.log(10000.0) * torch.arange(width // 2, device=position.device) / (width // 2))
    angle = position[..., None].float() * rate
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


class Attention(nn.Module):
    """Multi-head attention of queries x [K B, N, W] over keys and values of y [B, M, W]; each y serves K x in a row."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def keys_values(self, y: Tensor) -> KeysValues:
        """Of y [B, M, W]; they don't depend on the queries, so that they are computed once for many."""
        k, v = (self._split(part) for part in self.key_value(y).chunk(2, dim=-1))
        return k, v

    def forward(self, x: Tensor, over: KeysValues) -> Tensor:
        k, v = over
        q = self._split(self.query(x).reshape(len(k), -1, x.shape[-1]))
        mixed = F.scaled_dot_product_attention(q, k, v)
        return self.out(mixed.transpose(1, 2).reshape(x.shape))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def feed_forward(width: int) -> nn.Sequential:
    """Width -> 4 width -> width with GELU(tanh)."""
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))


class AdaptiveNorm(nn.Module):
    """Layer norm whose scale and shift come from a condition c [B, W] (arXiv 2212.09748, section 3.2)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulate = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        scale, shift = self.modulate(c)[:, None].chunk(2, dim=-1)
        return self.norm(x) * (1 + scale) + shift


class MixerLayer(nn.Module):
    """Pre-norm self-attention and feed-forward over vision tokens [B, N, W]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.attention = Attention(width, heads)
        self.feed_forward = feed_forward(width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norms[0](x)
        x = x + self.attention(y, self.attention.keys_values(y))
        return x + self.feed_forward(self.norms[1](x))


class DiTLayer(nn.Module):
    """A transformer layer over action tokens x [K B, H, W], conditioned on the flow time c [K B, W].

    With keys and values of the vision tokens it attends to those, without to the action tokens themselves.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.adaptive = AdaptiveNorm(width)
        self.attention = Attention(width, heads)
        self.norm = nn.LayerNorm(width)
        self.feed_forward = feed_forward(width)

    def forward(self, x: Tensor, c: Tensor, vision: KeysValues | None) -> Tensor:
        y = self.adaptive(x, c)
        x = x + self.attention(y, self.attention.keys_values(y) if vision is None else vision)
        return x + self.feed_forward(self.norm(x))
