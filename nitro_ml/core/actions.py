"""The virtual gamepad, with NitroGen's 17 buttons and two sticks, as arrays.

The names are the columns of `actions_raw.parquet` in the NitroGen dataset card. Stick values lie in [-1, 1]; negative y
is up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BUTTONS: tuple[str, ...] = (
    "back",
    "dpad_down",
    "dpad_left",
    "dpad_right",
    "dpad_up",
    "east",
    "guide",
    "left_shoulder",
    "left_thumb",
    "left_trigger",
    "north",
    "right_shoulder",
    "right_thumb",
    "right_trigger",
    "south",
    "start",
    "west",
)
STICKS: tuple[str, ...] = ("j_left_x", "j_left_y", "j_right_x", "j_right_y")


@dataclass(frozen=True)
class Actions:
    """The inputs that are held in each of T frames. Raises `ValueError` for arrays of other shapes.

    - `buttons`: bool [T, 17], in the order of `BUTTONS`.
    - `sticks`: float32 [T, 4], in the order of `STICKS`, each in [-1, 1].
    """

    buttons: NDArray[np.bool_]
    sticks: NDArray[np.float32]

    def __post_init__(self) -> None:
        t = len(self.buttons)
        if self.buttons.shape != (t, len(BUTTONS)) or self.sticks.shape != (t, len(STICKS)):
            raise ValueError(
                f"Actions: found buttons {self.buttons.shape} and sticks {self.sticks.shape}; "
                f"allowed are [T, {len(BUTTONS)}] and [T, {len(STICKS)}] with the same T."
            )

    def __len__(self) -> int:
        return len(self.buttons)

    def __getitem__(self, index: slice | NDArray[np.int64]) -> "Actions":
        return Actions(self.buttons[index], self.sticks[index])
