"""Actions as the flow sees them: a chunk of H frames x 21 numbers in [0, 1].

Columns 0-16 are the dataset's 17 buttons (`nitro_ml.actions.BUTTONS`), 17-20 the sticks, mapped from [-1, 1] to [0, 1].
NitroGen's released checkpoint has 25 columns, 21 buttons and the same 4 sticks; the dataset's buttons are its columns
0-10, 14, 15, 16, 18, 19 and 20 (`RELEASED`): 11, 12, 13 and 17 (the right stick as buttons) never occur in the
dataset.
"""

import numpy as np
from numpy.typing import NDArray

from nitro_ml.actions import BUTTONS, STICKS, Actions

DIMENSIONS = len(BUTTONS) + len(STICKS)
RELEASED = (*range(11), 14, 15, 16, 18, 19, 20, 21, 22, 23, 24)


def encode(actions: Actions) -> NDArray[np.float32]:
    """Float32 [T, 21] in [0, 1]."""
    return np.concatenate([actions.buttons, (actions.sticks + 1) / 2], axis=1, dtype=np.float32)


def decode(chunk: NDArray[np.float32]) -> Actions:
    """The inverse for [T, 21] of any values: buttons over 0.5 are held, sticks are cut to [-1, 1]."""
    buttons, sticks = chunk[:, : len(BUTTONS)], chunk[:, len(BUTTONS) :]
    return Actions(buttons > 0.5, np.clip(sticks * 2 - 1, -1, 1))
