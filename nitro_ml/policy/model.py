"""The policy network: SigLIP 2 vision tokens, a mixer over them, and a diffusion transformer over the action chunk.

As in NitroGen (arXiv 2601.02427, section 4): one context frame, no game name; cross-attention to the vision tokens
interleaved with self-attention (odd layers are self-attention), adaptive layer norm from the flow time.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import SiglipVisionConfig, SiglipVisionModel

from nitro_ml.policy import chunk, flow
from nitro_ml.policy.layers import AdaptiveNorm, DiTLayer, MixerLayer, sinusoid
from nitro_ml.policy.recipe import PolicyRecipe
from nitro_ml.policy.released.net import ReleasedNet

LEAST_SPREAD = 0.05  # of a button or stick that hardly ever moves


class PolicyError(ValueError):
    """A policy that cannot be built, trained or used as asked; the message says why and what is allowed."""


def vision_encoder(recipe: PolicyRecipe) -> SiglipVisionModel:
    """The recipe's encoder: random weights, or pretrained ones from the hub or a folder."""
    if not isinstance(recipe.vision, str):
        return build_vision({**recipe.vision.model_dump(), "image_size": recipe.resolution})
    model = SiglipVisionModel.from_pretrained(recipe.vision, vision_use_head=False)
    if model.config.image_size != recipe.resolution:
        raise PolicyError(
            f"policy recipe {recipe.name}: {recipe.vision} takes images of {model.config.image_size} pixels, "
            f"the recipe says resolution: {recipe.resolution}; make them the same."
        )
    return model


def build_vision(config: dict[str, Any]) -> SiglipVisionModel:
    """An encoder with random weights from a `SiglipVisionConfig` mapping; without the pooling head, which is not
    used.
    """
    return SiglipVisionModel(SiglipVisionConfig(**{**config, "vision_use_head": False}))


class Sight(NamedTuple):
    """What the network saw in B frames: tokens [B, N, W], and the mean action to expect [B, 1, 21]."""

    tokens: Tensor
    mean: Tensor


class PolicyNet(nn.Module):
    """`see` encodes frames once; calling the network gives the velocity of the flow for them at any (a_t, t).

    With `guess` in the recipe, the mean around which the flow is preconditioned is a linear map of the whole frame's
    tokens instead of a constant: trained from scratch, weights of its own for each place find a ball long before
    attention does.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, recipe: PolicyRecipe, vision: SiglipVisionModel) -> None:
        super().__init__()
        width, heads = recipe.width, recipe.heads
        self.horizon = recipe.horizon
        self.width = width
        self.vision = vision
        self.vision_in = nn.Linear(vision.config.hidden_size, width)
        self.mixer = nn.Sequential(*(MixerLayer(width, heads) for _ in range(recipe.mixer_layers)), nn.LayerNorm(width))
        flat = vision.embeddings.position_embedding.weight.numel()  # all tokens of a frame, one after another
        guess = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(flat, affine=False), nn.Linear(flat, chunk.DIMENSIONS))
        self.guess = guess if recipe.guess else None
        self.time_in = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.action_in = nn.Sequential(nn.Linear(chunk.DIMENSIONS, width), nn.SiLU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(DiTLayer(width, heads) for _ in range(recipe.dit_layers))
        self.norm_out = AdaptiveNorm(width)
        last = nn.Linear(width, chunk.DIMENSIONS)
        nn.init.zeros_(last.weight)
        self.action_out = nn.Sequential(nn.Linear(width, width), nn.SiLU(), last)
        self.register_buffer("mean", torch.zeros(chunk.DIMENSIONS))
        self.register_buffer("spread", torch.ones(chunk.DIMENSIONS))

    def normalise(self, actions: Tensor) -> None:
        """Take mean and spread of each of the 21 numbers from actions [N, 21] as they are trained on."""
        self.mean.copy_(actions.mean(0))
        self.spread.copy_(actions.std(0).clamp(min=LEAST_SPREAD))

    @property
    def device(self) -> torch.device:
        return self.vision_in.weight.device

    def see(self, pixels: Tensor) -> Sight:
        """Encodes frames float [B, 3, S, S] in [-1, 1] (SigLIP's normalisation)."""
        features = self.vision(pixel_values=pixels).last_hidden_state
        mean = self.mean.expand(len(features), 1, -1)
        if self.guess:
            mean = mean + (self.spread * self.guess(features))[:, None]
        return Sight(self.mixer(self.vision_in(features)), mean)

    def forward(self, sight: Sight, a_t: Tensor, t: Tensor) -> Tensor:
        """The velocity [K B, H, 21] at a_t [K B, H, 21], t [K B]; each of B frames serves K consecutive a_t."""
        mean = sight.mean.repeat_interleave(len(a_t) // len(sight.mean), 0)
        at = t[:, None, None]
        x_in, skip, scale = flow.precondition(at, self.spread)
        centred = a_t - at * mean
        c = self.time_in(sinusoid(flow.bucket(t), self.width))
        x = self.action_in(centred * x_in) + sinusoid(torch.arange(a_t.shape[1], device=a_t.device), self.width)
        for i, layer in enumerate(self.layers):
            x = layer(x, c, None if i % 2 else sight.tokens)
        return mean + skip * centred + scale * self.action_out(self.norm_out(x, c))


AnyNet = PolicyNet | ReleasedNet


def to_pixels(frames: Tensor) -> Tensor:
    """Float32 [B, 3, S, S] in [-1, 1] from uint8 RGB [B, S, S, 3]."""
    return frames.permute(0, 3, 1, 2).float() / 127.5 - 1
