"""Actions as the flow sees them: a chunk of H actions, each some numbers in [0, 1].

17 of the numbers are the dataset's buttons (`BUTTONS`), 4 the sticks, mapped from [-1, 1] to [0, 1].
Where they stand is the layout's: ours has these 21 alone, NitroGen's released checkpoint 21 buttons and the same 4
sticks. Its columns 11, 12, 13 and 17 (the right stick as buttons) never occur in the dataset: they are written as 0 and
not read.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, STICKS, Actions

DIMENSIONS = len(BUTTONS) + len(STICKS)


@dataclass(frozen=True)
class Layout:
    """So many numbers an action, in which columns the 17 buttons and 4 sticks stand, and actions a second."""

    dimensions: int
    columns: tuple[int, ...]
    rate: int

    @property
    def buttons(self) -> list[int]:
        """The columns of the 17 buttons."""
        return list(self.columns[: len(BUTTONS)])


OURS = Layout(DIMENSIONS, tuple(range(DIMENSIONS)), 30)
RELEASED = Layout(25, (*range(11), 14, 15, 16, 18, 19, 20, 21, 22, 23, 24), 60)


def encode(actions: Actions, layout: Layout = OURS) -> NDArray[np.float32]:
    """Float32 [T, D] in [0, 1]."""
    values = np.zeros((len(actions), layout.dimensions), np.float32)
    values[:, layout.columns] = np.concatenate([actions.buttons, (actions.sticks + 1) / 2], axis=1, dtype=np.float32)
    return values


def decode(chunk: NDArray[np.float32], layout: Layout = OURS) -> Actions:
    """The inverse for [T, D] of any values: buttons over 0.5 are held, sticks are cut to [-1, 1]."""
    values = chunk[:, layout.columns]
    buttons, sticks = values[:, : len(BUTTONS)], values[:, len(BUTTONS) :]
    return Actions(buttons > 0.5, np.clip(sticks * 2 - 1, -1, 1))
