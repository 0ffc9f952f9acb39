"""From frames to one encoding each: the part of an inverse dynamics model that sees pixels.

An encoder looks at a frame and at the frames `offsets` steps away from it: `forward(views)` takes uint8
[N, S, S, 3] for the frame itself and for each offset, and gives float [N, width].
"""

from collections.abc import Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nitro_ml.models.idm.config import ChangeSection, IDMRecipe, SiglipSection, VPTSection

# The change is the signal, faint and local beside a picture that hardly varies.
FRAME_GAIN, CHANGE_GAIN = 1.0, 32.0
REACH = 2  # places; how far to each side a patch is looked for in another frame
SHIFTS = tuple(product(range(2 * REACH + 1), repeat=2))
FAINT = 1.0  # grey levels; a patch's mean difference beside which its differences count as small
GREY = 48.0  # pixels' channels that a sum is over


class Residual(nn.Module):
    """x + W relu(x), starting from nothing added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():
            self.convolution.weight.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.convolution(x.relu())
        return x + added


class CorrelationVolume(nn.Module):
    """Where each patch of a frame went: a cost volume, on `scales` halvings of the grey picture.

    How unlike the patch is to those up to `REACH` places away in the other frame, relative to all of them, so that
    dark and bright games look alike; and how unlike it is to them on the whole. Learned is what to make of it. Sums of
    pixels are whole numbers, exact in 16 bits and faster than any others.
    """

    def __init__(self, scales: int, side: int, channels: int) -> None:
        super().__init__()
        self.scales, self.side = scales, side
        self.read = nn.Conv2d(scales * (len(SHIFTS) + 1), channels, 1)

    def forward(self, frame: Tensor, other: Tensor) -> Tensor:
        """uint8 [N, S, S, 3], twice -> [N, channels, side, side]."""
        with torch.no_grad():
            found, here, there = [], _grey(frame), _grey(other)
            for _ in range(self.scales):
                here, there = _halved(here), _halved(there)
                unlike = _unlike(here, there, self.side).to(_kind(frame))
                mean = unlike.mean(0, keepdim=True) / GREY + FAINT
                found += [unlike / (GREY * mean), mean.log()]
            places = torch.cat(found).flatten(1).t().contiguous()
        read: Tensor = self.read(places.view(len(frame), self.side, self.side, -1).permute(0, 3, 1, 2))
        return read


def _grey(view: Tensor) -> Tensor:
    """The sums of the channels, uint8 [N, S, S, 3] -> int16 [N, S, S]."""
    red, green, blue = view.unbind(-1)
    return red.to(torch.int16) + green + blue


def _halved(picture: Tensor) -> Tensor:
    """The sums of 2 x 2 places, [N, S, S] -> [N, S / 2, S / 2]."""
    rows = picture[:, 0::2] + picture[:, 1::2]
    return rows[..., 0::2] + rows[..., 1::2]


def _unlike(frame: Tensor, other: Tensor, side: int) -> Tensor:
    """The absolute difference to the other picture shifted every which way, int16 [N, S, S] -> [25, N, side, side];
    S is `side` or twice that."""
    size = frame.shape[-1]
    inside = (torch.arange(-REACH, size + REACH, device=frame.device)).clamp(0, size - 1)
    around = other[:, inside][:, :, inside]
    differences = ((frame - around[:, y : y + size, x : x + size]).abs_() for y, x in SHIFTS)
    return torch.stack([_halved(found) if size > side else found for found in differences])


class FrameDifferenceEncoder(nn.Module):
    """A frame beside its changes and where its patches went, and the strongest and the mean answer of the detectors of
    each later stage.

    Differences are exact in bfloat16, which holds the 8 bits of a pixel. A paddle that moves up is found anywhere from
    having been seen anywhere, which a dense layer over places would have to learn place by place. Few of the answers
    vary from frame to frame: batch normalisation brings those out.
    """

    def __init__(self, recipe: IDMRecipe, section: ChangeSection) -> None:
        super().__init__()
        self.offsets = section.offsets
        first, *later = section.channels
        self.look = nn.Conv2d(3 * (1 + len(self.offsets)), first, 8, stride=4, padding=2)
        self.matching = CorrelationVolume(section.matching, recipe.resolution // 4, first) if section.matching else None
        channels, self.stages = (2 if section.matching else 1) * first, nn.ModuleList()
        for c, blocks in zip(later, section.blocks, strict=True):
            smaller = nn.Conv2d(channels, c, 3, stride=2, padding=1)
            self.stages.append(nn.Sequential(smaller, *(Residual(c) for _ in range(blocks)), nn.ReLU()))
            channels = c
        answers = 2 * sum(later)
        self.out = nn.Sequential(
            nn.BatchNorm1d(answers), nn.Linear(answers, recipe.width), nn.BatchNorm1d(recipe.width), nn.ReLU()
        )

    def forward(self, views: Sequence[Tensor]) -> Tensor:
        frame, *others = (view.to(_kind(view)) for view in views)
        seen = [(frame - 128) * (FRAME_GAIN / 255), *((other - frame) * (CHANGE_GAIN / 255) for other in others)]
        x = self.look(torch.cat(seen, -1).permute(0, 3, 1, 2))
        if self.matching:
            x = torch.cat([x, self.matching(views[0], views[-1])], 1)
        x, answers = x.relu(), []
        for stage in self.stages:
            x = stage(x)
            answers += [functional.adaptive_max_pool2d(x, 1).flatten(1), x.mean((2, 3))]
        encoded: Tensor = self.out(torch.cat(answers, 1))
        return encoded


class VPT(nn.Module):
    """Raw frames, a temporal convolution, stacks of convolution, max pooling and two residual blocks, a dense layer."""

    def __init__(self, recipe: IDMRecipe, section: VPTSection) -> None:
        super().__init__()
        self.offsets = tuple(o for o in range(-section.reach, section.reach + 1) if o)
        channels = section.stem
        layers: list[nn.Module] = [nn.Conv2d(3 * (2 * section.reach + 1), channels, 1), nn.ReLU()]
        for c in section.channels:
            layers += [nn.Conv2d(channels, c, 3, padding=1), nn.MaxPool2d(3, 2, 1)]
            layers += [nn.Sequential(Residual(c), Residual(c)) for _ in range(2)]
            channels = c
        self.stacks = nn.Sequential(*layers, nn.ReLU(), nn.Flatten())
        side = recipe.resolution // 2 ** len(section.channels)
        self.out = nn.Linear(channels * side * side, recipe.width)

    def forward(self, views: Sequence[Tensor]) -> Tensor:
        raw = torch.cat([view.to(_kind(view)) for view in views], -1) / 255
        encoded: Tensor = self.out(self.stacks(raw.permute(0, 3, 1, 2)))
        return encoded


class Siglip(nn.Module):
    """A SigLIP 2 vision encoder (arXiv 2502.14786): its tokens projected and pooled to a small grid, so that where
    things are is kept. Each frame is seen once; what changes is left to the temporal convolution."""

    offsets = ()

    def __init__(self, recipe: IDMRecipe, section: SiglipSection, config: dict[str, Any] | None) -> None:
        super().__init__()
        from transformers import SiglipVisionConfig, SiglipVisionModel  # takes seconds to import

        if config is None:
            self.vision = SiglipVisionModel.from_pretrained(section.vision, vision_use_head=False)
        else:
            self.vision = SiglipVisionModel(SiglipVisionConfig(**{**config, "vision_use_head": False}))
        if self.vision.config.image_size != recipe.resolution:
            raise ValueError(
                f"recipe {recipe.name}: {section.vision} takes images of {self.vision.config.image_size} pixels, "
                f"the recipe says resolution: {recipe.resolution}; make them the same."
            )
        self.vision.requires_grad_(not section.frozen)
        self.tokens = nn.Linear(self.vision.config.hidden_size, section.channels)
        self.pool = nn.AdaptiveAvgPool2d(section.grid)
        self.out = nn.Linear(section.channels * section.grid**2, recipe.width)

    def forward(self, views: Sequence[Tensor]) -> Tensor:
        pixels = views[0].permute(0, 3, 1, 2).to(_kind(views[0])) / 127.5 - 1
        tokens = self.tokens(self.vision(pixel_values=pixels).last_hidden_state).transpose(1, 2)
        side = round(tokens.shape[2] ** 0.5)
        encoded: Tensor = self.out(self.pool(tokens.unflatten(2, (side, side))).flatten(1))
        return encoded


def build(recipe: IDMRecipe, vision: dict[str, Any] | None) -> "FrameDifferenceEncoder | VPT | Siglip":
    """The recipe's encoder; `vision` is the configuration of a SigLIP 2 whose weights are loaded later."""
    section = recipe.encoder
    if isinstance(section, ChangeSection):
        return FrameDifferenceEncoder(recipe, section)
    return VPT(recipe, section) if isinstance(section, VPTSection) else Siglip(recipe, section, vision)


def _kind(view: Tensor) -> torch.dtype:
    """What the convolutions compute in: under autocast half the bytes of float32."""
    device = view.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else torch.float32
