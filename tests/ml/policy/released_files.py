"""Files of the released layout at small sizes, and files that no torch.save would write."""

import math
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nitro_ml.models.policy.released.sizes import Sizes, table

SMALL = Sizes(width=32, heads=2, image=32, patch=16, vision_layers=2, mixer_layers=2, dit_layers=4)


def weights(seed: int = 0, sizes: Sizes = SMALL) -> dict[str, Tensor]:
    """Random weights in which no tensor, and no order of two halves, is without effect."""
    drawn = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in table(sizes).items():
        value = torch.randn(shape, generator=drawn)
        if len(shape) > 1:
            inside = shape[1] if name.endswith(".W") else math.prod(shape[1:])
            state[name] = value / math.sqrt(inside) if "embedding.weight" not in name else value
        else:
            state[name] = (1.0 if "norm" in name and name.endswith("weight") else 0.0) + 0.2 * value
    return state


def released(path: Path, state: dict[str, Any] | None = None, config: Any = None, **more: Any) -> Path:
    """As upstream writes it."""
    torch.save({"model": state or weights(), "ckpt_config": config or {"model_cfg": {"hidden": 32}}}, path, **more)
    return path


def rewritten(path: Path, good: Path, changed: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """The records of a good file, some of them others: by their names without the first folder."""
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            name = info.filename.split("/", 1)[1]
            how = compression if name in changed else zipfile.ZIP_STORED
            target.writestr(info.filename, changed.get(name, source.read(info)), how)
    return path
