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
# The change is the signal, faint and local beside a picture that hardly varies: they start from such weights.
FRAME_GAIN, CHANGE_GAIN = 0.1, 32.0


class Inferred(NamedTuple):
    """buttons: logits [..., 17]; sticks: [..., 4] in [-1, 1]."""

    buttons: Tensor
    sticks: Tensor


class Motion(nn.Module):
    """The first convolution, over a frame and its change: W * frame + V * (following - frame).

    Being linear, it needs no difference image: (W - V) * frame + V * following is the same and much cheaper.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.frame = nn.Conv2d(3, channels, 8, stride=4, padding=2)
        self.change = nn.Conv2d(3, channels, 8, stride=4, padding=2, bias=False)

    def forward(self, frame: Tensor, following: Tensor) -> Tensor:
        """[N, 3, S, S] in 0..255, twice -> [N, channels, S / 4, S / 4]."""
        change = self.change.weight * (CHANGE_GAIN / 255)
        still = self.frame.weight * (FRAME_GAIN / 255) - change
        seen = functional.conv2d(frame, still, self.frame.bias, stride=4, padding=2)
        return seen + functional.conv2d(following, change, stride=4, padding=2)


class Placed(nn.Module):
    """A strided convolution that also knows where it is: a learned offset for each place and channel."""

    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        self.place = nn.Parameter(torch.zeros(outputs, side, side))

    def forward(self, x: Tensor) -> Tensor:
        placed: Tensor = self.convolution(x) + self.place
        return placed


class Encoder(nn.Module):
    """Two convolutions after the motion, and the strongest and the mean answer of each of their detectors.

    A paddle that moves up is found anywhere from having been seen anywhere, which a dense layer over places would have
    to learn place by place. Few of the answers vary from frame to frame: batch normalisation brings those out.
    """

    def __init__(self, recipe: IDMRecipe) -> None:
        super().__init__()
        a, b, c = recipe.channels
        half = math.ceil(((recipe.resolution + 2 * 2 - 8) // 4 + 1) / 2)
        self.near = Placed(a, b, half)
        self.far = Placed(b, c, math.ceil(half / 2))
        self.out = nn.Sequential(
            nn.BatchNorm1d(2 * (b + c)),
            nn.Linear(2 * (b + c), recipe.width),
            nn.BatchNorm1d(recipe.width),
            nn.ReLU(),
        )

    def forward(self, motion: Tensor) -> Tensor:
        near = self.near(motion.relu()).relu()
        far = self.far(near).relu()
        pooled = [pool for x in (near, far) for pool in (x.amax((2, 3)), x.mean((2, 3)))]
        encoded: Tensor = self.out(torch.cat(pooled, 1))
        return encoded


class IDM(nn.Module):
    """Encoder over single steps, and a head over `2 * reach + 1` encodings."""

    def __init__(self, recipe: IDMRecipe) -> None:
        super().__init__()
        self.reach = recipe.reach
        self.motion = Motion(recipe.channels[0])
        self.encoder = Encoder(recipe)
        self.head = nn.Sequential(
            nn.Conv1d(recipe.width, recipe.hidden, 2 * recipe.reach + 1),
            nn.ReLU(),
            nn.Conv1d(recipe.hidden, len(BUTTONS) + len(STICKS), 1),
        )

    def expect(self, logits: Tensor) -> None:
        """Start from these button logits, [17], whatever is seen."""
        last = self.head[-1]
        assert isinstance(last, nn.Conv1d)
        assert last.bias is not None
        with torch.no_grad():
            last.weight.mul_(0.3)
            last.bias.zero_()
            last.bias[: len(BUTTONS)] = logits

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
