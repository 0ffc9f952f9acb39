"""Over the encodings of a window: a temporal convolution, then attention in which every frame sees every other."""

import torch
from torch import Tensor, nn
from torch.nn import functional

FARTHEST = 32  # steps; frames farther apart share one bias


class Convolution(nn.Module):
    """A residual convolution over time, [B, T, W] -> [B, T, W]."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Conv1d(width, width, kernel, padding=kernel // 2)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.mix(self.norm(x).transpose(1, 2)).transpose(1, 2)
        added: Tensor = self.out(functional.gelu(mixed))
        return x + added


class Attention(nn.Module):
    """A pre-norm transformer block, unmasked; how far apart two frames are is a learned bias for each head."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * FARTHEST + 1))
        self.feed = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        steps = torch.arange(x.shape[1], device=x.device)
        apart = (steps - steps[:, None]).clamp(-FARTHEST, FARTHEST) + FARTHEST
        q, k, v = self.qkv(self.norm(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=self.bias[:, apart].to(q.dtype))
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        fed: Tensor = self.feed(x)
        return x + fed
