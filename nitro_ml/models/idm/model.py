"""The inverse dynamics model: from frames to the inputs that led from each to the next.

Each frame is encoded once, beside its neighbours; a temporal convolution and unmasked attention over a window of
encodings read the actions of the frames in its middle. Not causal, since what a button did shows only afterwards (VPT,
arXiv 2206.11795, section 3.1). Without either, and with the next frame as the only neighbour, it is the pair model
f(s_t, s_t+1) -> a_t. It never learns which game it sees.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nitro_ml.core.actions import BUTTONS, STICKS
from nitro_ml.models.idm.config import IDMRecipe
from nitro_ml.models.idm.network.encoders import build
from nitro_ml.models.idm.network.temporal import Attention, Convolution

BINS = 21  # places of a stick's axis, from -1 to 1
MODE = 3  # bins to each side of the likeliest one that count as the same guess


class Inferred(NamedTuple):
    """buttons: logits [..., 17]; bins: logits of each axis over `BINS` positions, [..., 4, 21]."""

    buttons: Tensor
    bins: Tensor

    @property
    def sticks(self) -> Tensor:
        """[..., 4] in [-1, 1]: the mean around the likeliest place, so that left or right does not become middle."""
        chance = self.bins.float().softmax(-1)
        bins = torch.arange(BINS, device=chance.device)
        near = (bins - chance.argmax(-1, keepdim=True)).abs() <= MODE
        chance = chance * near
        return (chance * positions(chance.device)).sum(-1) / chance.sum(-1)


def positions(device: torch.device) -> Tensor:
    """The middle of each bin, [21]."""
    return torch.linspace(-1, 1, BINS, device=device)


def two_hot(sticks: Tensor) -> Tensor:
    """Stick values [...] in [-1, 1] as distributions over the two bins around each, [..., 21], with that mean."""
    at = (sticks.clamp(-1, 1) + 1) * (BINS - 1) / 2
    return (1 - (at[..., None] - torch.arange(BINS, device=sticks.device)).abs()).clamp(min=0)


class IDM(nn.Module):
    """Encoder, temporal layers and two heads. `vision`: the configuration of a SigLIP 2 whose weights come later."""

    def __init__(self, recipe: IDMRecipe, vision: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.length, self.edge, self.rate = recipe.length, recipe.edge, recipe.rate
        self.encoder = build(recipe, vision)
        self.offsets: tuple[int, ...] = self.encoder.offsets
        temporal: list[nn.Module] = [Convolution(recipe.width, recipe.kernel)]
        temporal += [Attention(recipe.width, recipe.heads) for _ in range(recipe.layers)]
        self.temporal = nn.Sequential(*temporal, nn.LayerNorm(recipe.width))
        self.buttons = nn.Linear(recipe.width, len(BUTTONS))
        self.places = nn.Linear(recipe.width, len(STICKS) * BINS)

    def set_initial_bias(self, logits: Tensor) -> None:
        """Start from these button logits, [17], whatever is seen."""
        with torch.no_grad():
            self.buttons.weight.mul_(0.3)
            self.buttons.bias.copy_(logits)

    @property
    def device(self) -> torch.device:
        return self.buttons.weight.device

    def encode(self, views: Sequence[Tensor]) -> Tensor:
        """uint8 [N, S, S, 3], the frames and those `offsets` steps from each -> [N, width]."""
        encoded: Tensor = self.encoder(views)
        return encoded

    def forward(self, encoded: Tensor) -> Inferred:
        """Encodings [B, T, width], a step apart -> the actions of all T; those at the edges saw one side only.

        Out of training each is a weighted mean with its neighbours in time: a button flickers less at its threshold.
        """
        x = self.temporal(encoded)
        buttons, bins = self.buttons(x).float(), self.places(x).float()
        if self.edge and not self.training:
            buttons, bins = _smoothed(buttons), _smoothed(bins)
        return Inferred(buttons, bins.unflatten(-1, (len(STICKS), BINS)))


def _smoothed(x: Tensor) -> Tensor:
    """Over time, [B, T, C]: (1, 2, 1) / 4; the two ends stay as they are."""
    middle = (x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]) / 4
    return torch.cat([x[:, :1], middle, x[:, -1:]], 1)
