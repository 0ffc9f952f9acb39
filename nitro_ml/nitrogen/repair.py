"""What is wrong with published labels by themselves: states no pad can be in, and presses nobody made.

Labels read from a drawn controller have both (NitroGen's readers found them); each is undone and counted.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, Actions

OPPOSITES = (("dpad_left", "dpad_right"), ("dpad_up", "dpad_down"))
TILTED = 0.1  # a stick nearer to its middle than this counts as untouched


class Repaired(NamedTuple):
    """The actions after the repair, and what was repaired: `impossible` counts frames, `phantom` presses."""

    actions: Actions
    counts: Counter[str]


def repair(actions: Actions) -> Repaired:
    """Opposite directions at once are neither: which of them was meant cannot be known. A press of a single frame,
    released before and after it, is taken out: fingers hold for 50 ms and more, drawn controllers flicker.
    """
    buttons = actions.buttons.copy()
    impossible = np.zeros(len(buttons), np.bool_)
    for pair in OPPOSITES:
        columns = [BUTTONS.index(name) for name in pair]
        both: NDArray[np.bool_] = np.all(buttons[:, columns], axis=1)
        buttons[:, columns] &= ~both[:, None]
        impossible |= both
    phantom = flickers(buttons)
    counts = Counter({"impossible": int(impossible.sum()), "phantom": int(phantom.sum())})
    return Repaired(Actions(buttons & ~phantom, actions.sticks), +counts)


def flickers(buttons: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a button, bool [T, 17], is held in one frame only; the first and last may be part of a longer hold."""
    found = np.zeros_like(buttons)
    found[1:-1] = buttons[1:-1] & ~buttons[:-2] & ~buttons[2:]
    return found


def density(actions: Actions) -> float:
    """Share of the frames in which anything is held or tilted, in [0, 1]."""
    return float((actions.buttons.any(axis=1) | (np.abs(actions.sticks) > TILTED).any(axis=1)).mean())
