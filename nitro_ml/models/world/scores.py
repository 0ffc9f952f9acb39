"""PSNR of predicted frames, over all pixels and over those that changed."""

import math
from dataclasses import dataclass

from torch import Tensor

from nitro_ml.models.world.layers import changed


@dataclass
class Errors:
    """Squared errors of one way of predicting, pooled over batches."""

    total: float = 0.0
    pixels: int = 0
    moved_total: float = 0.0
    moved: int = 0

    def add(self, predicted: Tensor, now: Tensor, future: Tensor) -> None:
        """Frames [B, 3, S, S]; predictions are clipped to [0, 1] first."""
        error = (predicted.clamp(0, 1) - future).square().mean(1, keepdim=True)
        moving = changed(now, future)
        self.total += float(error.sum())
        self.pixels += error.numel()
        self.moved_total += float(error[moving].sum())
        self.moved += int(moving.sum())

    def psnr(self) -> dict[str, float | None]:
        """Decibels for values in [0, 1]: `all` pixels and `changed` ones; null where there is no error or no pixel."""
        return {"all": _decibels(self.total, self.pixels), "changed": _decibels(self.moved_total, self.moved)}


def _decibels(total: float, pixels: int) -> float | None:
    return -10 * math.log10(total / pixels) if pixels and total else None


def difference(a: dict[str, float | None], b: dict[str, float | None]) -> dict[str, float | None]:
    """a - b for `all` and `changed`, null where either is."""
    pairs = {key: (a[key], b[key]) for key in a}
    return {key: None if x is None or y is None else x - y for key, (x, y) in pairs.items()}
