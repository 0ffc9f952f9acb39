"""Clips are consecutive frames at the model's resolution, with their times and, where known, their inputs."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import Actions


@dataclass(frozen=True)
class Clip:
    """T consecutive frames of one video, in time order. Raises `ValueError` where lengths differ.

    - `frames`: uint8 [T, S, S, 3], RGB, as an array or a read-only memory map.
    - `time`: float64 [T], in seconds from the container's first frame.
    - `game`: the name of the game.
    - `group`: the name of the video, by which clips are split; it is never an address.
    - `actions`: the inputs held while frame t is shown, which lead from frame t to t + 1; `None` without labels.
    - `weight`: the sampling weight, at least 0.
    - `soft`: whether `actions` are pseudo-labels.
    - `held_out`: whether the clip is for evaluation only and never trained on.
    - `chance`: float32 [T, 17], the probabilities of the buttons, for a training that draws the buttons itself.
    """

    frames: NDArray[np.uint8]
    time: NDArray[np.float64]
    game: str
    group: str
    actions: Actions | None = None
    weight: float = 1.0
    soft: bool = False
    held_out: bool = False
    chance: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        lengths: dict[str, Any] = {"frames": len(self.frames), "time": len(self.time)}
        if self.actions is not None:
            lengths["actions"] = len(self.actions)
        if self.chance is not None:
            lengths["chance"] = len(self.chance)
        if len(set(lengths.values())) != 1:
            raise ValueError(f"Clip of {self.group}: found lengths {lengths}; all must be the same.")

    def __len__(self) -> int:
        return len(self.time)

    def acted(self, index: NDArray[np.int64]) -> Actions:
        """The inputs in the frames with these indices, int64 [N]. Raises `ValueError` for a clip without labels."""
        if self.actions is None:
            raise ValueError(f"Clip of {self.group}: found no actions; this needs labelled clips.")
        return self.actions[index]

    def part(self, first: int, end: int) -> "Clip":
        """The frames from `first` to `end` (exclusive) as a clip of the same video."""
        rows = slice(first, end)
        return replace(
            self,
            frames=self.frames[rows],
            time=self.time[rows],
            actions=None if self.actions is None else self.actions[rows],
            chance=None if self.chance is None else self.chance[rows],
        )
