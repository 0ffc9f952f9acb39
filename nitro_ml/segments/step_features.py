"""What speaks for one kind of stretch or another, five times a second: what was seen at each look and the inferred
inputs, summed up over windows and held against the rest of the video.

A game that was never seen differs from all others in its colours and motions, so most of what is here is relative: to
the seconds around, to the looks that come back in this video, to how much is going on in it as a whole.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.labels import Labels
from nitro_ml.segments.features import FEATURES, GRID, LEVELS, MEANS, FrameFacts, cells_moved
from nitro_ml.segments.sampling import Rows, TimeSteps, behind, lagged, near
from nitro_ml.segments.smoothing import smooth

WINDOWS = (3, 11, 31)  # steps: 0.6, 2.2 and 6.2 s
_AROUND = (51, 301)  # steps: 10 and 60 s, in which inputs and the motion of a corner are compared
_ALIKE = 0.1  # looks nearer than about that belong together
_REFERENCES = 400  # steps, evenly spaced, that stand for the whole video
_CELLS = GRID * GRID
_WHOLE = FEATURES.index("moving_00")  # the features before it are of the whole picture
_MOVING, _EDGES = slice(_WHOLE, _WHOLE + _CELLS), slice(_WHOLE + _CELLS, _WHOLE + 2 * _CELLS)
_LIGHT = [FEATURES.index(name) for name in ("red", "green", "blue")]
_LOOK = [*_LIGHT, *(FEATURES.index(name) for name in ("colourful", "dark", "flat", "edges", "lines"))]
_CORNERS = [0, GRID - 1, _CELLS - GRID, _CELLS - 1]
_INNER = [row * GRID + column for row in range(1, GRID - 1) for column in range(1, GRID - 1)]
_MOVED = 0.02  # of a cell, from which on it counts as moving


@dataclass(frozen=True)
class StepFeatures:
    """One row a step for each of three questions, float32 [n, D]; the columns mean something to the networks that were
    fitted on them only.

    screen: what is to be seen, from the picture alone, so that bad labels cannot spoil it; inputs: does anybody play;
    corners: is there an input display over the game.
    """

    screen: NDArray[np.float32]
    inputs: NDArray[np.float32]
    corners: NDArray[np.float32]


def step_features(
    facts: FrameFacts, labels: Labels, held: NDArray[np.bool_], tilted: NDArray[np.bool_], steps: TimeSteps
) -> StepFeatures:
    """facts: `FRAME` [T]; held: bool [T, 17]; tilted: bool [T, 4], all of the same frames, the steps' too."""
    rows = _between(facts["look"][steps.first[:-1]] / LEVELS)
    active = steps.mean(np.any(held, axis=1) | np.any(tilted, axis=1))
    alike = _alike(rows)
    screen = [
        _windows(rows[:, :_WHOLE]),
        _changes(rows),
        _places(rows[:, _MOVING]),
        _places(rows[:, _EDGES]),
        _family(rows, alike),
        _clock(labels.time, steps),
    ]
    inputs = [_inputs(labels, held, active, steps), _compared(alike, active[:, None]), _liveliness(rows, alike)]
    corners = _corners(cells_moved(facts), np.concatenate([held, tilted], axis=1), steps)
    return StepFeatures(*(np.concatenate(part, axis=1).astype(np.float32) for part in (screen, inputs, [corners])))


def _between(looks: Rows) -> Rows:
    """What was to be seen in each step, [n, 51], from the looks at its beginning and at that of the next one: the mean
    of both, and what moved on the way to the second."""
    after = np.concatenate([looks[1:], looks[-1:]])
    rows = (looks + after) / 2
    rows[:, MEANS] = after[:, MEANS]
    return rows


def _windows(rows: Rows) -> Rows:
    """Means over each window; over the middle one, the deviation, and the difference from the video's usual value."""
    means = [smooth(rows, width) for width in WINDOWS]
    spread = np.sqrt(np.maximum(smooth(rows**2, WINDOWS[1]) - means[1] ** 2, 0))
    return np.concatenate([*means, spread, means[1] - np.median(means[1], axis=0)], axis=1)


def _changes(rows: Rows) -> Rows:
    """How far the look after differs from the look before; how long ago a cut was and how soon one comes; how much of
    the pattern of edges, and of the light, of the seconds before and after is there."""
    look, light = rows[:, _LOOK], rows[:, _LIGHT].mean(axis=1)
    jump = np.linalg.norm(behind(look[::-1], 4)[::-1] - lagged(behind(look, 4), 1), axis=1)
    pattern = smooth(rows[:, _EDGES], 3)
    columns = [jump]
    for lag in (5, 15, -5, -15):
        columns += [_cosine(pattern, lagged(pattern, lag)), light - lagged(light, lag)]
    return np.concatenate([near(jump > 2 * _ALIKE), np.stack(columns, axis=1)], axis=1)


def _places(cells: Rows) -> Rows:
    """Where it moves, or has edges: in the middle, the border, the top and the bottom row; how evenly; in how many."""
    cells = smooth(cells, WINDOWS[1])
    share = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1e-9)
    inner = cells[:, _INNER].mean(axis=1)
    columns = [
        inner,
        cells.mean(axis=1) - inner,
        cells[:, :GRID].mean(axis=1),
        cells[:, -GRID:].mean(axis=1),
        -(share * np.log(share + 1e-9)).sum(axis=1),
        (cells > _MOVED).mean(axis=1),
        cells.max(axis=1),
        np.median(cells, axis=1),
    ]
    return np.stack(columns, axis=1)


def _corners(moves: NDArray[np.bool_], state: NDArray[np.bool_], steps: TimeSteps) -> Rows:
    """Of the two corners whose motion goes best with the inputs' changes: how well it does, over ten seconds and a
    minute, and how much better than in the rest of the picture, and than with the same changes a moment later: a game
    answers all over the screen and after a while, an input display in its place and at once.
    """
    switched = np.zeros(len(state), np.bool_)
    switched[1:] = (state[1:] != state[:-1]).any(axis=1)
    columns = []
    for width in _AROUND:
        agree = _agreement(moves, _delayed(switched, 0, 1), width, steps)
        late = _agreement(moves, _delayed(switched, 3, 4, 5), width, steps)[:, _CORNERS]
        corners, rest = agree[:, _CORNERS], np.delete(agree, _CORNERS, axis=1)
        usual, most = (value(rest, axis=1)[:, None] for value in (np.median, np.max))
        columns += [corners, corners - usual, corners - most, corners - late]
    best = np.argsort(-(columns[0] + columns[4]), axis=1, kind="stable")[:, :2, None]
    return np.take_along_axis(np.stack(columns, axis=2), best, axis=1).reshape(len(steps), -1)


def _delayed(switched: NDArray[np.bool_], *frames: int) -> NDArray[np.bool_]:
    """Whether the inputs changed one of so many frames before, [T, 1]."""
    return np.any([np.roll(switched, by) for by in frames], axis=0)[:, None]


def _agreement(moves: NDArray[np.bool_], changes: NDArray[np.bool_], width: int, steps: TimeSteps) -> Rows:
    """How well the motion of each cell goes with changes of the inputs over so many steps, [n, 16]."""
    return _correlation(*(smooth(steps.mean(v), width) for v in (moves & changes, moves, changes)))


def _correlation(both: Rows, one: Rows, other: Rows) -> Rows:
    """Of two events, from how often both and each happen."""
    return np.asarray((both - one * other) / np.sqrt(np.maximum(one * (1 - one) * other * (1 - other), 1e-6)))


def _inputs(labels: Labels, held: NDArray[np.bool_], active: Rows, steps: TimeSteps) -> Rows:
    """What is held, how often that changes, how sure the labels are of it; how long ago and how soon it is."""
    pressed, change = np.zeros(len(held)), np.zeros(len(held))
    pressed[1:] = (held[1:] & ~held[:-1]).any(axis=1)
    change[1:] = np.abs(np.diff(labels.buttons, axis=0)).sum(axis=1)
    soft = [labels.buttons.max(axis=1), labels.buttons.sum(axis=1), np.abs(labels.sticks).max(axis=1)]
    columns = [active, *(steps.mean(v) for v in (*soft, pressed, change, held.sum(axis=1), labels.confidence))]
    rows = np.stack(columns, axis=1)
    means = [smooth(rows, width) for width in WINDOWS]
    whole = np.broadcast_to(rows.mean(axis=0), rows.shape)
    return np.concatenate([*means, means[1] - whole, whole, near(active > 0)], axis=1)


@dataclass(frozen=True)
class _Alike:
    """How much each step looks like some of the video's steps: weights [n, r] in [0, 1] of the `chosen` ones [r]."""

    weights: Rows
    chosen: NDArray[np.int64]


def _alike(rows: Rows) -> _Alike:
    look = smooth(rows[:, _LOOK], 3)
    chosen = np.unique(np.linspace(0, len(rows) - 1, _REFERENCES).round().astype(np.int64))
    return _Alike(np.exp(-_distances(look, look[chosen])), chosen)


def _family(rows: Rows, alike: _Alike) -> Rows:
    """The steps that look like this one: how many they are, and how much moves in them; and how far away the video's
    most usual look is."""
    look = smooth(rows[:, _LOOK], 3)
    names = ("motion", "moving", "shimmer", "spread_x", "spread_y")
    facts = np.column_stack([rows[:, [FEATURES.index(name) for name in names]], rows[:, FEATURES.index("moving")] == 0])
    usual = look[alike.chosen[alike.weights[alike.chosen].sum(axis=1).argmax()]]
    away = np.linalg.norm(look - usual, axis=1)
    return np.column_stack([alike.weights.mean(axis=1), away, _compared(alike, facts)])


def _liveliness(rows: Rows, alike: _Alike) -> Rows:
    """How much more moves than usual in this video, and than in what looks like this."""
    columns = rows[:, [FEATURES.index(name) for name in ("motion", "moving", "shimmer", "pan")]]
    around = smooth(columns, WINDOWS[1])
    expected = _compared(alike, columns)[:, : columns.shape[1]]
    return np.column_stack([around - np.median(around, axis=0), around - expected])


def _compared(alike: _Alike, facts: Rows) -> Rows:
    """The facts' means over the steps that look alike, and these less the means over the video."""
    chosen = facts[alike.chosen]
    means = alike.weights @ chosen / np.maximum(alike.weights.sum(axis=1, keepdims=True), 1e-9)
    return np.column_stack([means, means - chosen.mean(axis=0)])


def _distances(a: Rows, b: Rows) -> Rows:
    """Squared, in units of `_ALIKE`: [len(a), len(b)]."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.maximum(squares, 0) / _ALIKE**2)


def _clock(time: NDArray[np.float64], steps: TimeSteps) -> Rows:
    """Seconds from the start and to the end, up to 30."""
    at = time[steps.first[:-1]]
    return np.minimum(np.stack([at - time[0], time[-1] - at], axis=1), 30)


def _cosine(a: Rows, b: Rows) -> Rows:
    return np.asarray((a * b).sum(axis=1) / np.maximum(np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), 1e-9))
