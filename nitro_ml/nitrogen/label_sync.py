"""What is wrong with published labels beside their pictures: a constant offset in time, an axis upside down, or labels
that belong to another video.

All is judged by how the picture moves. An input moves it in a way of its own (left, right, nearer); that response is
strongest at the true offset, turned round where an axis is, and no stronger than chance where the labels are not the
video's. A game reacts some frames late by itself, and which way is up is its own business, so a video is held against
the other videos of its game, never against a rule. Time is in steps of 1/30 s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, median_low
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import STICKS, Actions
from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import RATE, ResampledClip

REACH = 12  # steps that the picture may follow its labels by, or go before them
VERTICAL = ("j_left_y", "j_right_y")
FEW = 3  # videos of a game that a judgement needs
_LONGEST = 180.0  # seconds of a video that are looked at
_SHORTEST = 20 * int(RATE)  # steps that a judgement needs
_SIDE = 48  # pixels that are looked at
_CELLS = 3  # the picture is looked at in 3 x 3 parts, and as a whole
_FAR = 3 * int(RATE)  # steps at which inputs have nothing to do with the picture
_CHANCES = 40
_CLEAR = 1.5  # times chance that labels explain of the movement, to be judged
_MARGIN = 1.2  # by which the best lag beats the game's usual one
_WEAK = 0.4  # of what is usual in its game is the most that unrelated labels explain
_ALIKE = 0.6  # cosine from which on two responses agree, or with the other sign disagree
_MOST = 2 / 3  # of the videos must agree on what is usual


class Play(NamedTuple):
    """moves: float32 [N, 30], how the picture moves from each step to the next; actions: what was held then."""

    moves: NDArray[np.float32]
    actions: Actions


def observed(clips: Sequence[Clip]) -> Play:
    """What can be seen of one video's labelled clips, one after another; of a long video every so-manieth clip.

    Each column of the movement is scaled to about unit variance, robustly; none is counted from a clip to the next.
    """
    seconds = sum(float(clip.time[-1] - clip.time[0]) for clip in clips)
    every = [ResampledClip(clip) for clip in clips[:: max(1, round(seconds / _LONGEST))]]
    moves = np.concatenate([_movement(steps.frames(0, len(steps))) for steps in every])
    moves -= np.median(moves, axis=0)
    spread = np.percentile(np.abs(moves), 90, axis=0) + 1e-6
    actions = [steps.actions(0, len(steps)) for steps in every]
    buttons, sticks = (np.concatenate([getattr(a, name) for a in actions]) for name in ("buttons", "sticks"))
    return Play(np.clip(moves / spread, -3, 3).astype(np.float32), Actions(buttons, sticks))


def _movement(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32 [T, 30] of uint8 [T, S, S, 3]: sideways, up or down, and nearer, in each part; the last row is 0.

    Gradients times difference over gradients squared: the normal equation of optical flow (Lucas and Kanade 1981),
    solved for each direction by itself.
    """
    grey: NDArray[np.float32] = np.stack([_grey(frame) for frame in frames])
    along, across = (np.asarray(np.gradient(grey, axis=axis))[:-1] for axis in (1, 2))
    change = grey[1:] - grey[:-1]
    place = np.linspace(-1, 1, grey.shape[1], dtype=np.float32)
    outwards = across * place[None, None, :] + along * place[None, :, None]
    edges = np.linspace(0, grey.shape[1], _CELLS + 1).astype(int)
    parts = [(slice(None), slice(None))]
    parts += [(slice(*edges[i : i + 2]), slice(*edges[j : j + 2])) for i in range(_CELLS) for j in range(_CELLS)]
    found = np.zeros((len(frames), 3 * len(parts)), np.float32)
    for column, (gradient, (rows, cols)) in enumerate((g, part) for g in (across, along, outwards) for part in parts):
        g, d = gradient[:, rows, cols], change[:, rows, cols]
        found[:-1, column] = -(g * d).sum(axis=(1, 2)) / (np.square(g).sum(axis=(1, 2)) + 1.0)
    return found


def _grey(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float32)


@dataclass(frozen=True)
class Profile:
    """How much of the movement's variance a video's labels explain, in [0, 1].

    explained: float64 [25], where the picture follows them by -12 to 12 steps; halves: the lags at which each half of
    the video has most; chance: the most at any of 40 lags of three seconds and more.
    """

    explained: NDArray[np.float64]
    halves: tuple[int, int]
    chance: float

    @property
    def lag(self) -> int:
        """Steps by which the picture seems to follow the labels."""
        return int(self.explained.argmax()) - REACH

    @property
    def peak(self) -> float:
        return float(self.explained.max())

    @property
    def is_clear(self) -> bool:
        """Whether the labels have to do with the picture beyond doubt."""
        return self.peak >= _CLEAR * self.chance > 0

    @property
    def is_steady(self) -> bool:
        """Whether both halves tell the same lag, and it is one within reach."""
        return abs(self.lag) < REACH and all(abs(half - self.lag) <= 1 for half in self.halves)

    def near(self, lag: int) -> float:
        """The most at this lag or a step beside it."""
        at = lag + REACH
        return float(self.explained[max(0, at - 1) : at + 2].max())


def profile(play: Play) -> Profile:
    """See `Profile`; of under 20 s, or where nothing is ever held, nothing is clear."""
    moves, inputs = play.moves.astype(np.float64), _inputs(play.actions)
    if len(moves) < _SHORTEST or not inputs.shape[1]:
        return Profile(np.zeros(2 * REACH + 1), (0, 0), 0.0)
    half = len(moves) // 2
    halves = [int(_explained(moves[s], inputs[s]).argmax()) - REACH for s in (slice(0, half), slice(half, None))]
    far = np.linspace(_FAR, len(moves) - _FAR, _CHANCES).astype(int)
    chance = max(_share(np.roll(inputs, by, axis=0), moves) for by in far)
    return Profile(_explained(moves, inputs), (halves[0], halves[1]), chance)


Verdict = int | Literal["doubtful", "unrelated"] | None
"""An offset in steps (0: none); `doubtful` where there is one that isn't certain; `unrelated` where the labels explain
no more than chance and those of other videos do; None where nothing can be told."""


def usual_lag(profiles: Sequence[Profile]) -> int | None:
    """By how many steps a game's pictures follow their labels; None where too few videos tell, or don't agree."""
    lags = [p.lag for p in profiles if p.is_clear]
    if len(lags) < FEW:
        return None
    usual = median_low(lags)
    return usual if sum(abs(lag - usual) <= 1 for lag in lags) >= _MOST * len(lags) else None


def offsets(profiles: Sequence[Profile]) -> list[Verdict]:
    """For videos of one game, by how many steps each one's labels are too early.

    Games react unevenly: one step more or less than the others is no offset, and two are doubtful.
    """
    usual = usual_lag(profiles)
    if usual is None:
        return [None] * len(profiles)
    strength = median(p.peak for p in profiles if p.is_clear)
    return [_verdict(p, usual, strength) for p in profiles]


def _verdict(found: Profile, usual: int, strength: float) -> Verdict:
    if not found.is_clear:
        return "unrelated" if found.peak <= min(found.chance, _WEAK * strength) and found.chance > 0 else None
    apart = found.lag - usual
    if abs(apart) <= 1 or found.peak < _MARGIN * found.near(usual):
        return 0
    return apart if abs(apart) > 2 and found.is_steady else "doubtful"


def shifted(actions: Actions, offset: int) -> Actions:
    """The actions that belong to each step when the labels are `offset` steps too early; ends are repeated."""
    return actions[np.clip(np.arange(len(actions)) - offset, 0, len(actions) - 1)]


def response(play: Play, axis: str, late: int) -> NDArray[np.float64] | None:
    """How the picture moves with a stick's axis, `late` steps later, a unit vector [30]; None where it isn't moved or
    moves nothing.
    """
    x, y = _pair(play.moves.astype(np.float64), play.actions.sticks[:, [STICKS.index(axis)]].astype(np.float64), late)
    if x.std() < 0.05:
        return None
    x = (x - x.mean()) / x.std()
    found = (x * (y - y.mean(axis=0)) / (y.std(axis=0) + 1e-9)).mean(axis=0)
    return found / float(np.linalg.norm(found)) if np.abs(found).max() > 0.1 else None


def inverted(responses: Sequence[NDArray[np.float64] | None]) -> list[bool | None]:
    """For videos of one game, whether each one's axis is the other way round than in most; None: can't be told."""
    known = [r for r in responses if r is not None]
    if len(known) < FEW:
        return [None] * len(responses)
    common = np.linalg.eigh(np.stack(known).T @ np.stack(known))[1][:, -1]
    signs = [r @ common > 0 for r in known]
    if max(sum(signs), len(signs) - sum(signs)) < _MOST * len(signs):
        return [None] * len(responses)
    common = common if 2 * sum(signs) > len(signs) else -common
    likeness = [0.0 if r is None else float(r @ common) for r in responses]
    return [None if abs(value) < _ALIKE else value < 0 for value in likeness]


def upright(actions: Actions, axis: str) -> Actions:
    """The actions with one axis turned round."""
    sticks = actions.sticks.copy()
    sticks[:, STICKS.index(axis)] *= -1
    return Actions(actions.buttons, sticks)


def _inputs(actions: Actions) -> NDArray[np.float64]:
    """The inputs that are ever used."""
    inputs = np.concatenate([actions.buttons, actions.sticks], axis=1).astype(np.float64)
    return inputs[:, inputs.std(axis=0) > 1e-3]


def _pair(
    moves: NDArray[np.float64], inputs: NDArray[np.float64], late: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Inputs of step t beside the movement from step t + late to the next."""
    count = len(moves)
    first, last = max(0, -late), min(count, count - late)
    return inputs[first:last], moves[first + late : last + late]


def _explained(moves: NDArray[np.float64], inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([_share(*_pair(moves, inputs, late)) for late in range(-REACH, REACH + 1)])


def _share(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Of the variance of y, what a linear function of x explains."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    weights = np.linalg.solve(x.T @ x + 1.0 * np.eye(x.shape[1]), x.T @ y)
    return float(1.0 - np.square(y - x @ weights).sum() / (np.square(y).sum() + 1e-9))
