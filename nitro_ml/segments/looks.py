"""Full-screen pictures that are not the game: which frames of a video show a menu or a loading screen.

See `judge` for the idea. Everything works on the stored features [T, 12], so nothing here touches a pixel.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nitro_ml.segments.features import FEATURES
from nitro_ml.segments.smoothing import smooth

_LOOK = [FEATURES.index(name) for name in ("red", "green", "blue", "dark", "flat", "edges")]
_MOVING, _X, _Y, _SX, _SY, _EDGES = (
    FEATURES.index(name) for name in ("moving", "motion_x", "motion_y", "spread_x", "spread_y", "edges")
)


@dataclass(frozen=True)
class ScreenRules:
    """Lengths in seconds; looks are compared by their Euclidean distance over six features in [0, 1].

    settle: a look is the mean over that long. change: a video is split where the looks before and after differ by more.
    alike: stretches closer than that share a look. window: in which a picture must live: pixels moving in more than
    `steady` of the frames, spread over more than `spread` of the picture in both directions (standard deviation).
    alive: a look lives if more than that share of its frames do. text: a screen that never changes is a menu if it has
    a larger share of sharp edges, else a loading screen.
    """

    settle: float = 0.5
    change: float = 0.12
    alike: float = 0.12
    window: float = 2.0
    steady: float = 0.5
    spread: float = 0.06
    alive: float = 0.2
    text: float = 0.03


def find_screens(features: NDArray[np.float32], frame: float, rules: ScreenRules) -> NDArray[np.str_]:
    """Per frame "menu", "loading" or "" (the game).

    features: float32 [T, 12]; frame: seconds per frame.
    """
    look = features[:, _LOOK].astype(np.float64)
    bounds = [0, *_changes(look, max(round(rules.settle / frame), 1), rules.change), len(features)]
    scenes = [slice(a, b) for a, b in pairwise(bounds)]
    family = _families(np.array([np.median(look[s], axis=0) for s in scenes]), rules.alike)
    length = np.array([s.stop - s.start for s in scenes])
    alive = [_alive(features[s.start + 1 : s.stop], rules.window / frame, 0.1 / frame, rules) for s in scenes]
    lively = np.bincount(family, [a.sum() for a in alive]) / np.bincount(family, length)
    result = np.full(len(features), "", dtype="U7")
    for scene, which in zip(scenes, family, strict=True):
        if lively[which] <= rules.alive:
            result[scene] = _kind(features[scene][1:], 0.1 / frame, rules)
    return result


def _kind(screen: NDArray[np.float32], gap: float, rules: ScreenRules) -> str:
    """A bar or wheel that turns all the time is loading; a picture that changes now and then is a menu."""
    moving = _recently_moved(screen, gap).mean() if len(screen) else 0.0
    if moving > 0:
        return "loading" if moving > rules.steady else "menu"
    return "menu" if len(screen) and np.median(screen[:, _EDGES]) > rules.text else "loading"


def _recently_moved(features: NDArray[np.float32], gap: float) -> NDArray[np.bool_]:
    """Whether anything moved within about half of `gap` frames."""
    return smooth(features[:, _MOVING] > 0, gap) > 0


def _changes(look: NDArray[np.float64], width: int, least: float) -> list[int]:
    """Frames at which the mean look of the `width` frames before and from there on differ most, and by over `least`."""
    total = np.concatenate([np.zeros((1, look.shape[1])), np.cumsum(look, axis=0)])
    index = np.arange(1, len(look))
    low, high = np.maximum(index - width, 0), np.minimum(index + width, len(look))
    before = (total[index] - total[low]) / (index - low)[:, None]
    after = (total[high] - total[index]) / (high - index)[:, None]
    distance = np.linalg.norm(after - before, axis=1)
    found: list[int] = []
    for at in np.flatnonzero(distance > least):
        if distance[at] == distance[max(at - width, 0) : at + width + 1].max() and (
            not found or at + 1 - found[-1] > width
        ):
            found.append(int(at) + 1)
    return found


def _families(looks: NDArray[np.float64], alike: float) -> NDArray[np.int64]:
    """Which scenes belong together: each joins the nearest family within `alike` of its first scene, or founds one."""
    founders = np.empty((0, looks.shape[1]))
    family = np.empty(len(looks), np.int64)
    for i, look in enumerate(looks):
        distance = np.linalg.norm(founders - look, axis=1)
        if len(founders) and distance.min() <= alike:
            family[i] = distance.argmin()
        else:
            family[i] = len(founders)
            founders = np.vstack([founders, look])
    return family


def _alive(features: NDArray[np.float32], width: float, gap: float, rules: ScreenRules) -> NDArray[np.bool_]:
    """Per frame: does the picture live in the `width` frames around it? Pauses of `gap` frames don't count as still."""
    weight = (features[:, _MOVING] > 0).astype(np.float64)
    steady = smooth(_recently_moved(features, gap), width) > rules.steady
    moves = np.maximum(smooth(weight, width), 1e-9)
    spread = []
    for centre, deviation in ((_X, _SX), (_Y, _SY)):
        x = features[:, centre].astype(np.float64)
        mean = smooth(weight * x, width) / moves
        square = smooth(weight * (x**2 + features[:, deviation] ** 2), width) / moves
        spread.append(np.sqrt(np.maximum(square - mean**2, 0)))
    return steady & (np.minimum(*spread) > rules.spread)
