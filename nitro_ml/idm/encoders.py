"""From frames to one encoding each: the part of an inverse dynamics model that sees pixels.

An encoder looks at a frame and at the frames `offsets` steps of 1/30 s away from it: `forward(views)` takes uint8
[N, S, S, 3] for the frame itself and for each offset, and gives float [N, width].
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nitro_ml.idm.recipe import ChangeSection, IDMRecipe, SiglipSection, VPTSection

PATCH = 4  # pixels; side of the patches that the first layer reads
# The change is the signal, faint and local beside a picture that hardly varies.
FRAME_GAIN, CHANGE_GAIN = 0.1, 32.0


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


class Stage(nn.Module):
    """A convolution, normalised over the batch, a learned offset for each place, and residual convolutions."""

    def __init__(self, convolution: nn.Conv2d, side: int, blocks: int) -> None:
        super().__init__()
        channels = convolution.out_channels
        self.convolution = nn.Sequential(convolution, nn.BatchNorm2d(channels))
        self.place = nn.Parameter(torch.zeros(channels, side, side))
        self.blocks = nn.Sequential(*(Residual(channels) for _ in range(blocks)))

    def forward(self, x: Tensor) -> Tensor:
        seen: Tensor = self.blocks(self.convolution(x) + self.place)
        return seen.relu()


class Change(nn.Module):
    """A frame beside its changes, and the strongest and the mean answer of each of the later stages' detectors.

    Differences are exact in bfloat16, which holds the 8 bits of a pixel. A paddle that moves up is found anywhere from
    having been seen anywhere, which a dense layer over places would have to learn place by place. Few of the answers
    vary from frame to frame: batch normalisation brings those out.
    """

    def __init__(self, recipe: IDMRecipe, section: ChangeSection) -> None:
        super().__init__()
        self.offsets = section.offsets
        channels, side = (1 + len(self.offsets)) * 3 * PATCH**2, recipe.resolution // PATCH
        self.stages = nn.ModuleList()
        for i, (c, blocks) in enumerate(zip(section.channels, section.blocks, strict=True)):
            first = nn.Conv2d(channels, c, 3, stride=2, padding=1) if i else nn.Conv2d(channels, c, 1)
            self.stages.append(Stage(first, side >> i, blocks))
            channels = c
        answers = 2 * sum(section.channels[1:])
        self.out = nn.Sequential(
            nn.BatchNorm1d(answers), nn.Linear(answers, recipe.width), nn.BatchNorm1d(recipe.width), nn.ReLU()
        )

    def forward(self, views: Sequence[Tensor]) -> Tensor:
        frame, *others = (_patches(view) for view in views)
        seen = [(frame - 128) * (FRAME_GAIN / 255), *((other - frame) * (CHANGE_GAIN / 255) for other in others)]
        x, answers = torch.cat(seen, -1).permute(0, 3, 1, 2), []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            answers += [x.amax((2, 3)), x.mean((2, 3))] if i else []
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


def build(recipe: IDMRecipe, vision: dict[str, Any] | None) -> "Change | VPT | Siglip":
    """The recipe's encoder; `vision` is the configuration of a SigLIP 2 whose weights are loaded later."""
    section = recipe.encoder
    if isinstance(section, ChangeSection):
        return Change(recipe, section)
    return VPT(recipe, section) if isinstance(section, VPTSection) else Siglip(recipe, section, vision)


def _kind(view: Tensor) -> torch.dtype:
    """What the convolutions compute in: under autocast half the bytes of float32."""
    device = view.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else torch.float32


def _patches(view: Tensor) -> Tensor:
    """uint8 [N, S, S, 3] -> [N, S / 4, S / 4, 48] in 0..255, each patch's pixels as channels."""
    n, side = len(view), view.shape[1] // PATCH
    patches = view.view(n, side, PATCH, side, PATCH, 3).transpose(2, 3)
    return patches.reshape(n, side, side, -1).to(_kind(view))
