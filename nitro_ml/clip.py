"""A clip: consecutive frames at the model's resolution, their times and, where known, the inputs held in each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.actions import Actions


@dataclass(frozen=True)
class Clip:
    """One stretch of one video, in time order.

    frames: uint8 [T, S, S, 3] RGB (an array or a read-only memmap); time: float64 [T], seconds from the container's
    first frame; actions: what was held while frame t was shown, i.e. the input that leads from frame t to t + 1;
    `group` names the video for splits (never an address); `weight` is the clip's sampling weight;
    `soft` says that `actions` are pseudo-labels, `held_out` that the clip is measured on and never trained on.
    """

    frames: NDArray[np.uint8]
    time: NDArray[np.float64]
    game: str
    group: str
    actions: Actions | None = None
    weight: float = 1.0
    soft: bool = False
    held_out: bool = False

    def __post_init__(self) -> None:
        lengths: dict[str, Any] = {"frames": len(self.frames), "time": len(self.time)}
        if self.actions is not None:
            lengths["actions"] = len(self.actions)
        if len(set(lengths.values())) != 1:
            raise ValueError(f"Clip of {self.group}: found lengths {lengths}; all must be the same.")

    def __len__(self) -> int:
        return len(self.time)
