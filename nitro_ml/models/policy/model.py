"""The policy network: vision tokens, a mixer over them, and a diffusion transformer over the action chunk.

As in NitroGen (arXiv 2601.02427, section 4): no game name; cross-attention to the vision tokens interleaved with
self-attention (odd layers are self-attention), adaptive layer norm from the flow time.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nitro_ml.core.actions import BUTTONS, STICKS
from nitro_ml.models.policy import chunk, flow
from nitro_ml.models.policy.config import PolicyRecipe
from nitro_ml.models.policy.layers import AdaptiveNorm, DiTLayer, KeysValues, MixerLayer, sinusoid
from nitro_ml.models.policy.released.net import ReleasedNet
from nitro_ml.models.policy.vision import Convolved, Siglip

LEAST_HELD = 0.0025  # of the frames, by a button that hardly ever is
LEAST_SPREAD = 0.05  # of a button or stick that hardly ever moves
BUTTON, STICK = slice(len(BUTTONS)), slice(len(BUTTONS), None)  # where they stand in an action
GUESSED = len(BUTTONS) + 2 * len(STICKS)  # logits; means of sticks, and the logarithms of their relative spreads
REACH = (-3.0, 0.7)  # of that logarithm


class Context(NamedTuple):
    """What the network saw in B contexts: the mean chunk to expect and how far from it chunks lie, [B, H, 21] each, and
    for each layer that attends to the vision tokens their keys and values."""

    mean: Tensor
    spread: Tensor
    memory: tuple[KeysValues, ...]


class PolicyNet(nn.Module):
    """`encode` encodes the frames once; calling the network gives the velocity of the flow for them at any (a_t, t).

    With `guess` in the recipe, the mean around which the flow is preconditioned is no constant, but a regression on all
    vision tokens, logistic for buttons and linear for sticks, trained by a loss of its own. A button that is held with
    probability p then spreads by sqrt(p (1 - p)), and how far a stick spreads is guessed as well, so that the flow has
    little left to do where there is nothing to choose.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, recipe: PolicyRecipe, vision: Siglip | Convolved) -> None:
        super().__init__()
        width, heads = recipe.width, recipe.heads
        self.horizon = recipe.horizon
        self.width = width
        self.vision = vision
        self.vision_in = nn.Linear(vision.width, width)
        self.mixer = nn.Sequential(*(MixerLayer(width, heads) for _ in range(recipe.mixer_layers)), nn.LayerNorm(width))
        self.guess = nn.Linear(vision.tokens * vision.width, self.horizon * GUESSED) if recipe.guess else None
        self.time_in = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.action_in = nn.Sequential(nn.Linear(chunk.DIMENSIONS, width), nn.SiLU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(DiTLayer(width, heads) for _ in range(recipe.dit_layers))
        self.norm_out = AdaptiveNorm(width)
        last = nn.Linear(width, chunk.DIMENSIONS)
        nn.init.zeros_(last.weight)
        self.action_out = nn.Sequential(nn.Linear(width, width), nn.SiLU(), last)
        self.register_buffer("mean", torch.zeros(chunk.DIMENSIONS))
        self.register_buffer("spread", torch.ones(chunk.DIMENSIONS))
        self.register_buffer("place", sinusoid(torch.arange(self.horizon), width), persistent=False)

    def normalise(self, actions: Tensor) -> None:
        """Take mean and spread of each of the 21 numbers from actions [N, 21] as they are trained on."""
        self.mean.copy_(actions.mean(0))
        self.spread.copy_(actions.std(0).clamp(min=LEAST_SPREAD))

    @property
    def press_rate(self) -> Tensor:
        """In what share of the frames each button is pressed, [17]."""
        return self.mean[BUTTON].clamp(LEAST_HELD, 1 - LEAST_HELD)

    @property
    def device(self) -> torch.device:
        return self.vision_in.weight.device

    def encode(self, pixels: Tensor) -> Context:
        """Encodes contexts, float [B, K, 3, S, S] in [-1, 1]."""
        features = self.vision(pixels)
        mean, spread = (x.expand(len(features), self.horizon, -1) for x in (self.mean, self.spread))
        if self.guess:
            guessed = self.guess(features.flatten(1)).unflatten(1, (self.horizon, GUESSED))
            buttons, sticks, relative = guessed.split((len(BUTTONS), len(STICKS), len(STICKS)), -1)
            p = (self.press_rate.logit() + buttons).sigmoid()
            apart = (p * (1 - p)).detach().sqrt()
            usual = spread[..., STICK]
            spread = torch.cat([apart, usual * relative.clamp(*REACH).exp()], -1).clamp(min=LEAST_SPREAD)
            mean = torch.cat([p, mean[..., STICK] + usual * sticks], -1)
        tokens = self.mixer(self.vision_in(features))
        crossing = [layer for layer in list(self.layers)[::2] if isinstance(layer, DiTLayer)]
        return Context(mean, spread, tuple(layer.attention.keys_values(tokens) for layer in crossing))

    def forward(self, context: Context, a_t: Tensor, t: Tensor) -> Tensor:
        """The velocity [K B, H, 21] at a_t [K B, H, 21], t [K B]; each of B contexts serves K consecutive a_t."""
        mean, spread = (x.repeat_interleave(len(a_t) // len(x), 0) for x in (context.mean, context.spread))
        at = t[:, None, None]
        x_in, skip, scale = flow.precondition(at, spread)
        centred = a_t - at * mean
        c = self.time_in(sinusoid(flow.bucket(t), self.width))
        x = self.action_in(centred * x_in) + self.place
        for i, layer in enumerate(self.layers):
            x = layer(x, c, None if i % 2 else context.memory[i // 2])
        return mean + skip * centred + scale * self.action_out(self.norm_out(x, c))

    def guess_loss(self, context: Context, a: Tensor, mask: Tensor) -> Tensor:
        """How wrong the guess is of chunks a [B, H, 21] where `mask` is true: of a button its surprise, in units of
        what it is to one who knows how often it is held; of a stick the squared error, in units of its variance, and
        the Gaussian log-likelihood of its guessed spread.
        """
        surprise = F.binary_cross_entropy(context.mean[..., BUTTON], a[..., BUTTON], reduction="none")
        error, spread = (context.mean - a)[..., STICK], context.spread[..., STICK]
        usual = F.binary_cross_entropy(self.press_rate, self.press_rate, reduction="none")
        off = (error / self.spread[STICK]).square() + (error.detach() / spread).square() / 2 + spread.log()
        each = (surprise / usual).sum(-1) + off.sum(-1)
        return (each * mask).sum() / mask.sum().clamp(min=1) / a.shape[-1]


AnyNet = PolicyNet | ReleasedNet


def to_pixels(frames: Tensor) -> Tensor:
    """Float32 [B, K, 3, S, S] in [-1, 1] from uint8 RGB [B, K, S, S, 3]."""
    return frames.float().div_(127.5).sub_(1).permute(0, 1, 4, 2, 3)
