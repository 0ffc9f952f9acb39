"""A frame of a recording with its true inputs, and the kinds of frame there are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nitro_ml.games.pad import Pad

KINDS = ("active", "idle", "menu", "loading", "cutscene", "death", "intro", "facecam", "overlay")
"""active: somebody plays; idle: the game runs and nobody touches the pad; menu: titles and pauses too; intro: the
channel's own card; facecam: a person in front of a camera, and no game; overlay: play below a drawn controller."""


class AnnotatedFrame(NamedTuple):
    """image: uint8 [240, 320, 3] RGB as shown; pad: what is held while it is shown; kind: one of `KINDS`.

    player: who holds the pad, "" where nobody plays; reward: the points that this frame's inputs brought.
    """

    image: NDArray[np.uint8]
    pad: Pad
    kind: str
    player: str = ""
    reward: float = 0.0
