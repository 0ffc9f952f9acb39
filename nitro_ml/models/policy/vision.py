"""The policy's eyes: from context frames to tokens, by a pretrained SigLIP 2 or by convolutions from scratch."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from nitro_ml.models.policy.config import Convolutions, PolicyRecipe

if TYPE_CHECKING:
    from transformers import SiglipVisionModel

LEAST_VARIANCE = 0.0005  # of a pixel in [-1, 1]: three steps of 255, so that a codec's noise stays small


class PolicyError(ValueError):
    """A policy that cannot be built, trained or used as asked; the message says why and what is allowed."""


class Siglip(nn.Module):
    """Each context frame through SigLIP 2; the tokens of all frames, one frame after another, each marked by a learned
    embedding of its offset where there are several."""

    def __init__(self, vision: "SiglipVisionModel", frames: int) -> None:
        super().__init__()
        self.vision = vision
        self.width: int = vision.config.hidden_size
        self.tokens = frames * vision.embeddings.num_patches
        self.when = nn.Parameter(torch.zeros(frames, 1, self.width)) if frames > 1 else None

    def forward(self, pixels: Tensor) -> Tensor:
        """Float [B, K, 3, S, S] in [-1, 1] (SigLIP's normalisation) -> [B, K N, width]."""
        seen: Tensor = self.vision(pixel_values=pixels.flatten(0, 1)).last_hidden_state
        tokens = seen.unflatten(0, pixels.shape[:2])
        return (tokens if self.when is None else tokens + self.when).flatten(1, 2)


class Convolved(nn.Module):
    """See `Convolutions`. Each value of each pixel is first brought to mean 0 and variance 1 over what is trained on:
    what never moves vanishes, and a ball of one pixel stands out. Without it nothing is learned for a long time.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, how: Convolutions, frames: int, resolution: int) -> None:
        super().__init__()
        one, two, three = how.channels
        self.width, self.tokens = how.token_width, how.tokens
        shape = (2 + frames, resolution, resolution)
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("scale", torch.ones(shape))
        self.stack = nn.Sequential(
            nn.Conv2d(2 + frames, one, 8, 4),
            nn.ReLU(),
            nn.Conv2d(one, two, 4, 2),
            nn.ReLU(),
            nn.Conv2d(two, three, 3),
            nn.ReLU(),
            nn.Flatten(),
        )
        for weight in (p for p in self.stack.parameters() if p.ndim == 4):
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            places = self.stack(torch.zeros(1, *shape)).shape[1]
        self.dense = nn.Sequential(nn.Linear(places, self.tokens * self.width), nn.ReLU())

    def normalise(self, pixels: Tensor) -> None:
        """Take mean and variance of each pixel from contexts, float [N, K, 3, S, S], as they are trained on."""
        stacked = _stacked(pixels)
        self.mean.copy_(stacked.mean(0))
        self.scale.copy_((stacked.var(0) + LEAST_VARIANCE).rsqrt())

    def forward(self, pixels: Tensor) -> Tensor:
        """Float [B, K, 3, S, S] in [-1, 1] -> [B, tokens, width]."""
        even = (_stacked(pixels) - self.mean).mul_(self.scale).contiguous(memory_format=torch.channels_last)
        tokens: Tensor = self.dense(self.stack(even)).unflatten(1, (self.tokens, self.width))
        return tokens


def _stacked(pixels: Tensor) -> Tensor:
    """[B, 2 + K, S, S]: the newest frame in colour, the older ones in grey."""
    return torch.cat([pixels[:, -1], pixels[:, :-1].mean(2)], 1)


def encoder(recipe: PolicyRecipe, config: dict[str, Any] | None = None) -> Siglip | Convolved:
    """The recipe's encoder: random weights, pretrained ones from the hub or a folder, or, with a `SiglipVisionConfig`
    mapping from a checkpoint's card, a SigLIP 2 whose weights come later. Raises `PolicyError` for another resolution.
    """
    frames = len(recipe.context)
    if isinstance(recipe.vision, Convolutions):
        return Convolved(recipe.vision, frames, recipe.resolution)
    from transformers import SiglipVisionConfig, SiglipVisionModel  # takes seconds to import

    if config:
        return Siglip(SiglipVisionModel(SiglipVisionConfig(**{**config, "vision_use_head": False})), frames)
    model = SiglipVisionModel.from_pretrained(recipe.vision, vision_use_head=False)
    if model.config.image_size != recipe.resolution:
        raise PolicyError(
            f"policy recipe {recipe.name}: {recipe.vision} takes images of {model.config.image_size} pixels, "
            f"the recipe says resolution: {recipe.resolution}; make them the same."
        )
    return Siglip(model, frames)
