"""Random views of a frame while training: colour jitter, small rotations and crops (NitroGen, arXiv 2601.02427)."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def colour(pixels: Tensor, jitter: float) -> Tensor:
    """Brightness and contrast of [B, 3, S, S] changed by up to `jitter`, each image by its own."""
    gain, shift = (1 + (torch.rand(2, len(pixels), 1, 1, 1, device=pixels.device) * 2 - 1) * jitter).unbind()
    return (pixels * gain + shift - 1).clamp(-1, 1)


def view(pixels: Tensor, degrees: float, crop: float) -> Tensor:
    """Each image rotated by up to `degrees` and cropped to no less than `1 - crop` of its side, at a random place."""
    n = len(pixels)
    angle = (torch.rand(n, device=pixels.device) * 2 - 1) * math.radians(degrees)
    side = 1 - torch.rand(n, device=pixels.device) * crop
    move = (torch.rand(n, 2, device=pixels.device) * 2 - 1) * (1 - side)[:, None]
    rows = torch.stack([angle.cos() * side, -angle.sin() * side, move[:, 0]], -1)
    columns = torch.stack([angle.sin() * side, angle.cos() * side, move[:, 1]], -1)
    grid = F.affine_grid(torch.stack([rows, columns], 1), list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
