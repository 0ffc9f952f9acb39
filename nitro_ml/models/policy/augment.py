"""Random views of a frame while training: colour jitter, small rotations and crops (NitroGen, arXiv 2601.02427)."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from nitro_ml.models.policy.config import AnyRecipe


def augmented(pixels: Tensor, recipe: AnyRecipe) -> Tensor:
    """The recipe's changes to contexts [B, K, 3, S, S]; the frames of one context are changed alike."""
    if not (recipe.jitter or recipe.degrees or recipe.crop or recipe.translate):
        return pixels
    flat = pixels.flatten(1, 2)
    if recipe.jitter:
        flat = colour(flat, recipe.jitter)
    if recipe.degrees or recipe.crop:
        flat = random_affine(flat, recipe.degrees, recipe.crop)
    if recipe.translate:
        flat = translate(flat, recipe.translate)
    return flat.view_as(pixels)


def translate(pixels: Tensor, most: int) -> Tensor:
    """Each image of [B, C, S, S] moved by up to `most` pixels, its border repeated (DrQ, arXiv 2004.13649)."""
    n, _, side, _ = pixels.shape
    wide = F.pad(pixels, (most,) * 4, mode="replicate")
    start = torch.randint(2 * most + 1, (2, n, 1), device=pixels.device)
    rows, columns = start + torch.arange(side, device=pixels.device)
    which = torch.arange(n, device=pixels.device)[:, None, None]
    return wide.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def colour(pixels: Tensor, jitter: float) -> Tensor:
    """Brightness and contrast of [B, C, S, S] changed by up to `jitter`, each image by its own."""
    gain, shift = (1 + (torch.rand(2, len(pixels), 1, 1, 1, device=pixels.device) * 2 - 1) * jitter).unbind()
    return (pixels * gain + shift - 1).clamp(-1, 1)


def random_affine(pixels: Tensor, degrees: float, crop: float) -> Tensor:
    """Each image rotated by up to `degrees` and cropped to no less than `1 - crop` of its side, at a random place."""
    n = len(pixels)
    angle = (torch.rand(n, device=pixels.device) * 2 - 1) * math.radians(degrees)
    side = 1 - torch.rand(n, device=pixels.device) * crop
    move = (torch.rand(n, 2, device=pixels.device) * 2 - 1) * (1 - side)[:, None]
    rows = torch.stack([angle.cos() * side, -angle.sin() * side, move[:, 0]], -1)
    columns = torch.stack([angle.sin() * side, angle.cos() * side, move[:, 1]], -1)
    grid = F.affine_grid(torch.stack([rows, columns], 1), list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
