"""The released network. Its modules carry the released names, so that a checkpoint's tensors need no translation.

SigLIP 2's tower, four blocks of self-attention over its tokens (the mixer), and a diffusion transformer whose even
blocks attend to those tokens and whose odd ones to the action tokens. Differences from our own network: no
projection of the tokens and no norm after the mixer, no preconditioning, learned positions, an embedding of the flow
time of its own, and the order of scale and shift in the last norm. The same transformer is public in Isaac-GR00T
(`cross_attention_dit.py`).
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nitro_ml.models.policy import flow
from nitro_ml.models.policy.layers import sinusoid
from nitro_ml.models.policy.released.sizes import DIMENSIONS, POSITIONS, TIME, Sizes

if TYPE_CHECKING:
    from transformers import SiglipVisionModel

KeysValues = tuple[Tensor, Tensor]


class Context(NamedTuple):
    """Of B frames: for each block that attends to them, keys and values [B, heads, N, W / heads]."""

    memory: tuple[KeysValues, ...]


class Attention(nn.Module):
    """Multi-head attention of x [K B, N, W] over keys and values of B; each serves K consecutive x."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def keys_values(self, y: Tensor) -> KeysValues:
        """Of y [B, M, W]; they don't depend on the queries."""
        return self._split(self.to_k(y)), self._split(self.to_v(y))

    def forward(self, x: Tensor, over: KeysValues) -> Tensor:
        q = self._split(self.to_q(x).reshape(len(over[0]), -1, x.shape[-1]))
        mixed = F.scaled_dot_product_attention(q, *over)
        return self.to_out[0](mixed.transpose(1, 2).reshape(x.shape))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class _Gelu(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 4 * width)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.proj(x), approximate="tanh")


class FeedForward(nn.Module):
    """Width -> 4 width -> width with GELU(tanh); the middle of the three was a dropout."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(_Gelu(width), nn.Identity(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class MixerBlock(nn.Module):
    """Pre-norm self-attention and feed-forward over vision tokens [B, N, W]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn1 = Attention(width, heads)
        self.ff = FeedForward(width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x)
        x = x + self.attn1(y, self.attn1.keys_values(y))
        return x + self.ff(self.norm3(x))


class ScaleShift(nn.Module):
    """Layer norm without weights of its own; scale, then shift, come from a condition c [B, W]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2 * width)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        scale, shift = self.linear(F.silu(c))[:, None].chunk(2, dim=-1)
        return _norm(x, 1e-5) * (1 + scale) + shift


class Block(nn.Module):
    """A block of the diffusion transformer over action tokens [K B, H, W]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = ScaleShift(width)
        self.attn1 = Attention(width, heads)
        self.ff = FeedForward(width)

    def forward(self, x: Tensor, c: Tensor, seen: KeysValues | None) -> Tensor:
        y = self.norm1(x, c)
        x = x + self.attn1(y, seen or self.attn1.keys_values(y))
        return x + self.ff(_norm(x, 1e-5))


class Transformer(nn.Module):
    """The diffusion transformer with the embedding of the flow time and the last, modulated norm."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        w = sizes.width
        ends = nn.ModuleDict({"linear_1": nn.Linear(TIME, w), "linear_2": nn.Linear(w, w)})
        self.timestep_encoder = nn.ModuleDict({"timestep_embedder": ends})
        self.transformer_blocks = nn.ModuleList(Block(w, sizes.heads) for _ in range(sizes.dit_layers))
        self.proj_out_1, self.proj_out_2 = nn.Linear(w, 2 * w), nn.Linear(w, w)

    def forward(self, x: Tensor, bucket: Tensor, context: Context) -> Tensor:
        embed: Any = self.timestep_encoder["timestep_embedder"]
        c = embed["linear_2"](F.silu(embed["linear_1"](clock(bucket))))
        for i, block in enumerate(self.transformer_blocks):
            x = block(x, c, None if i % 2 else context.memory[i // 2])
        shift, scale = self.proj_out_1(F.silu(c))[:, None].chunk(2, dim=-1)
        return self.proj_out_2(_norm(x, 1e-6) * (1 + scale) + shift)


class Dense(nn.Module):
    """A linear layer stored for one embodiment, as [1, in, out]."""

    def __init__(self, inside: int, out: int) -> None:
        super().__init__()
        self.W = nn.Parameter(0.02 * torch.randn(1, inside, out))
        self.b = nn.Parameter(torch.zeros(1, out))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.W[0] + self.b[0]


class ReleasedNet(nn.Module):
    """`encode` encodes frames once; calling the network gives the velocity of the flow for them at any (a_t, t)."""

    spread = None  # the flow is not measured in units of the actions' spread

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        w = sizes.width
        self.sizes = sizes
        self.vision_encoder = _tower(sizes)
        mixer = nn.ModuleList(MixerBlock(w, sizes.heads) for _ in range(sizes.mixer_layers))
        self.vl_self_attention_model = nn.ModuleDict({"transformer_blocks": mixer})
        self.model = Transformer(sizes)
        encoder = {"W1": Dense(DIMENSIONS, w), "W2": Dense(2 * w, w), "W3": Dense(w, w)}
        self.action_encoder = nn.ModuleDict(encoder)
        self.action_decoder = nn.ModuleDict({"layer1": Dense(w, w), "layer2": Dense(w, DIMENSIONS)})
        self.position_embedding = nn.Embedding(POSITIONS, w)

    @classmethod
    def of(cls, sizes: Sizes, state: Mapping[str, Tensor]) -> "ReleasedNet":
        """With these weights, which are not copied. Raises `RuntimeError` where they don't fit."""
        with torch.device("meta"):
            net = cls(sizes)
        net.load_state_dict(state, assign=True)
        places = net.vision_encoder.embeddings.num_positions
        net.vision_encoder.embeddings.position_ids = torch.arange(places)[None]  # not part of a checkpoint
        return net

    @property
    def vision(self) -> "SiglipVisionModel":
        """The vision tower."""
        return self.vision_encoder

    @property
    def device(self) -> torch.device:
        return self.position_embedding.weight.device

    def normalise(self, actions: Tensor) -> None:
        """Nothing: this flow takes actions as they are."""

    def encode(self, pixels: Tensor) -> Context:
        """Encodes frames float [B, 3, S, S], or [B, 1, 3, S, S], in [-1, 1] (SigLIP's normalisation)."""
        tokens = self.vision_encoder(pixel_values=pixels.reshape(-1, *pixels.shape[-3:])).last_hidden_state
        mixer: Any = self.vl_self_attention_model["transformer_blocks"]
        for block in mixer:
            tokens = block(tokens)
        crossing: Any = list(self.model.transformer_blocks)[::2]
        return Context(tuple(block.attn1.keys_values(tokens) for block in crossing))

    def forward(self, context: Context, a_t: Tensor, t: Tensor) -> Tensor:
        """The velocity [K B, H, 25] at a_t [K B, H, 25], t [K B]; each of B frames serves K consecutive a_t."""
        bucket = flow.bucket(t)
        encoder, decoder = self.action_encoder, self.action_decoder
        x = encoder["W1"](a_t)
        when = sinusoid(bucket, x.shape[-1])[:, None].expand_as(x)
        x = encoder["W3"](F.silu(encoder["W2"](torch.cat([x, when], dim=-1))))
        x = self.model(x + self.position_embedding.weight[: x.shape[1]], bucket, context)
        return decoder["layer2"](F.relu(decoder["layer1"](x)))


def clock(bucket: Tensor) -> Tensor:
    """Cosines, then sines [B, 256] of buckets [B] of the flow time, wavelengths from 2 pi to 20000 pi."""
    half = TIME // 2
    rate = torch.exp(-math.log(10000.0) * torch.arange(half, device=bucket.device) / (half - 1))
    angle = bucket[:, None].float() * rate
    return torch.cat([angle.cos(), angle.sin()], dim=-1)


def _norm(x: Tensor, eps: float) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=eps)


def _tower(sizes: Sizes) -> "SiglipVisionModel":
    """The released file has the pooling head's weights, and so has the model; the policy never runs it."""
    from transformers import SiglipVisionConfig, SiglipVisionModel  # takes seconds to import

    config = SiglipVisionConfig(
        hidden_size=sizes.width,
        intermediate_size=4 * sizes.width,
        num_hidden_layers=sizes.vision_layers,
        num_attention_heads=sizes.heads,
        image_size=sizes.image,
        patch_size=sizes.patch,
        hidden_act="gelu_pytorch_tanh",
        layer_norm_eps=1e-6,
    )
    tower = SiglipVisionModel(config)
    tower.use_head = False
    return tower
