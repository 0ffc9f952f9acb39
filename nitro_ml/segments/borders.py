"""Borders to the frame: steps of a fifth of a second say that a stretch ends, the picture and the inputs say where."""

import itertools

import numpy as np
from numpy.typing import NDArray

from nitro_ml.segments.features import LEVELS, FrameFacts
from nitro_ml.segments.smoothing import runs

REACH = 0.5  # seconds a border may move
CUT = 0.1  # by which the motion of a cut stands out from twice what is usual around it


def refined(kinds: NDArray[np.str_], facts: FrameFacts, active: NDArray[np.bool_], frame: float) -> NDArray[np.str_]:
    """The kinds with each border moved by at most `REACH`: between play and idleness to where the input begins or ends,
    elsewhere to the frame that differs most from the one before.

    kinds: str [T]; facts: `FRAME` [T]; active: bool [T], whether there is an input; frame: its seconds.
    """
    kinds, reach = kinds.copy(), round(REACH / frame)
    spans = list(runs(kinds))
    for (begin, border), (_, end) in itertools.pairwise(spans):
        low = max(border - min(reach, (border - begin) // 2), begin + 1)
        high = min(border + min(reach, (end - border) // 2), end - 1)
        before, after = kinds[border - 1], kinds[border]
        if {before, after} == {"active", "idle"}:
            moved = _input(active[low : high + 1], after == "active", border - low)
        else:
            moved = _cut(facts["motion"][low : high + 1] / LEVELS, border - low)
        if low + moved < border:
            kinds[low + moved : border] = after
        else:
            kinds[border : low + moved] = before
    return kinds


def _input(active: NDArray[np.bool_], begins: bool, border: int) -> int:
    """Where the input begins, or is over, in a window around the border; the border itself where neither happens."""
    edges = np.flatnonzero(active[1:] & ~active[:-1] if begins else ~active[1:] & active[:-1]) + 1
    return int(edges[np.abs(edges - border).argmin()]) if len(edges) else border


def _cut(motion: NDArray[np.float64], border: int) -> int:
    """The frame of most motion in a window around the border; the border itself where none stands out."""
    at = int(motion.argmax()) if len(motion) else border
    return at if len(motion) and motion[at] > 2 * np.median(motion) + CUT else border
