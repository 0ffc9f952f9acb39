"""The inverse dynamics model: from frames to the inputs that led from each to the next.

A convolutional encoder sees one frame and how it changes within the next 1/30 s; the change is the signal, the frame
says what moved. A temporal convolution over encodings, `reach` on each side, reads the action of the middle one: not
causal, since what a button did shows only afterwards (VPT, arXiv 2206.11795, section 3.1). With reach 0 it is the pair
model f(s_t, s_t+1) -> a_t. It never learns which game it sees.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from nitro_ml.actions import BUTTONS, STICKS
from nitro_ml.idm.recipe import IDMRecipe

RATE = 30.0  # Hz, the model's own steps in time; a video of any rate is looked at in these
CHANGE_GAIN = 16.0  # the change is the signal, and faint and local beside the picture


class Inferred(NamedTuple):
    """buttons: logits [..., 17]; sticks: [..., 4] in [-1, 1]."""

    buttons: Tensor
    sticks: Tensor


class Motion(nn.Module):
    """The first convolution, over a frame and its change: W * frame + gain * V * (following - frame).

    Being linear, it needs no difference image: (W - gain V) * frame + gain V * following is the same and much cheaper.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.frame = nn.Conv2d(3, channels, 8, stride=4, padding=2)
        self.change = nn.Conv2d(3, channels, 8, stride=4, padding=2, bias=False)

    def forward(self, frame: Tensor, following: Tensor) -> Tensor:
        """[N, 3, S, S] in 0..255, twice -> [N, channels, S / 4, S / 4]."""
        change = self.change.weight * (CHANGE_GAIN / 255)
        still = self.frame.weight / 255 - change
        seen = functional.conv2d(frame, still, self.frame.bias, stride=4, padding=2)
        return seen + functional.conv2d(following, change, stride=4, padding=2)


class IDM(nn.Module):
    """Encoder over single steps, and a head over `2 * reach + 1` encodings."""

    def __init__(self, recipe: IDMRecipe) -> None:
        super().__init__()
        self.reach = recipe.reach
        a, b, c = recipe.channels
        self.motion = Motion(a)
        self.encoder = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(a, b, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(b, c, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(c * _side(recipe.resolution) ** 2, recipe.width),
            nn.LayerNorm(recipe.width),
            nn.ReLU(),
        )
        self.head = nn.Sequential(
            nn.Conv1d(recipe.width, recipe.hidden, 2 * recipe.reach + 1),
            nn.ReLU(),
            nn.Conv1d(recipe.hidden, len(BUTTONS) + len(STICKS), 1),
        )

    def encode(self, frame: Tensor, following: Tensor) -> Tensor:
        """uint8 [N, S, S, 3] and the frames 1/30 s later -> float32 [N, width]."""
        encoded: Tensor = self.encoder(self.motion(_planes(frame), _planes(following)))
        return encoded

    def forward(self, encoded: Tensor) -> Inferred:
        """Encodings [B, L + 2 * reach, width] in steps of 1/30 s -> actions of the L in the middle, [B, L, ...]."""
        out = self.head(encoded.transpose(1, 2)).transpose(1, 2)
        buttons, sticks = out.split([len(BUTTONS), len(STICKS)], -1)
        return Inferred(buttons, torch.tanh(sticks))


def _planes(rgb: Tensor) -> Tensor:
    """uint8 [N, S, S, 3] -> float32 [N, 3, S, S], laid out in memory as it was."""
    return rgb.permute(0, 3, 1, 2).float()


def _side(resolution: int) -> int:
    """Pixels a side after the three strided convolutions."""
    side = (resolution + 2 * 2 - 8) // 4 + 1
    return math.ceil(math.ceil(side / 2) / 2)
