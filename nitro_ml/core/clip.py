"""Clips are consecutive frames at the model's resolution, with their times and, where known, their inputs."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import Actions


class StoredFrames(Protocol):
    """Frames where they lie, of which only what is asked is read: `nitro_ml.video.encoded`'s."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def is_far(self) -> bool:
        """Whether reading waits for an answer from elsewhere."""

    @property
    def fingerprint(self) -> str:
        """The same for the same pixels, known without reading them."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> NDArray[np.uint8]:
        """An array of one's own of a frame, a slice of them, or those of an array of whole numbers."""

    def part(self, first: int, end: int) -> "StoredFrames":
        """Frames `first` to `end`, the end exclusive; nothing is read."""


Pixels = NDArray[np.uint8] | StoredFrames


def part_of(frames: Pixels, first: int, end: int) -> Pixels:
    """Frames `first` to `end`, the end exclusive, where they lie."""
    return frames[first:end] if isinstance(frames, np.ndarray) else frames.part(first, end)


@dataclass(frozen=True)
class Clip:
    """T consecutive frames of one video, in time order. Raises `ValueError` where lengths differ.

    - `frames`: uint8 [T, S, S, 3], RGB, as an array or as stored frames, of which only what is asked is read.
    - `time`: float64 [T], in seconds from the container's first frame.
    - `game`: the name of the game.
    - `group`: the name of the video, by which clips are split; it is never an address.
    - `actions`: the inputs held while frame t is shown, which lead from frame t to t + 1; `None` without labels.
    - `weight`: the sampling weight, at least 0.
    - `soft`: whether `actions` are pseudo-labels.
    - `held_out`: whether the clip is for evaluation only and never trained on.
    - `chance`: float32 [T, 17], the probabilities of the buttons, for a training that draws the buttons itself.
    """

    frames: Pixels
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
            frames=part_of(self.frames, *rows.indices(len(self))[:2]),
            time=self.time[rows],
            actions=None if self.actions is None else self.actions[rows],
            chance=None if self.chance is None else self.chance[rows],
        )
