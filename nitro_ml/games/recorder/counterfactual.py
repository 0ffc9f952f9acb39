"""What a player's inputs did to the picture: the game is taken back, and played on as if one of them had been let go.

The half second that follows is compared, pixel by pixel, with the same half second as it was. Where they are the same
nobody could have seen that the input was held: a fire button while the shot still flies, a direction into a wall.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.observability import Visible
from nitro_ml.games.env import SavedStates
from nitro_ml.games.pad import Pad
from nitro_ml.games.registry import make
from nitro_ml.games.spec import GameError

WINDOW = 0.5  # seconds

Picture = NDArray[np.uint8] | None
"""uint8 [240, 320, 3]; None where the episode has ended."""


def visible(name: str, seed: int, actions: Actions, fps: int) -> Visible:
    """Which inputs of a recording can be seen; it must be nothing but play from the game's start (`scenario.play`).

    An input counts as let go from its frame until the player let go of it; what was pressed later stays. Frames after
    the recording's end are not compared. Raises as `games.make` does, and `GameError` for an engine
    without `SavedStates`.
    """
    pads = [Pad(buttons, sticks) for buttons, sticks in zip(actions.buttons, actions.sticks, strict=True)]
    starts = _starts(name, seed, fps, pads)
    as_it_was, let_go = (_Again(name, seed, fps, pads, starts) for _ in range(2))
    held = np.concatenate([actions.buttons, actions.sticks != 0.0], axis=1)
    seen, ends = np.ones_like(held), _ends(held)
    for now in np.flatnonzero(held.any(axis=1)).tolist():
        to_come = pads[now : min(now + round(WINDOW * fps), len(pads) - 1)]
        future = _Lazy(as_it_was.play(now, to_come))
        for control in np.flatnonzero(held[now]).tolist():
            until = int(ends[now, control]) - now
            others = [_without(pad, control) if i < until else pad for i, pad in enumerate(to_come)]
            seen[now, control] = _differ(future, let_go.play(now, others))
    return Visible(seen[:, : len(BUTTONS)], seen[:, len(BUTTONS) :])


def _starts(name: str, seed: int, fps: int, pads: Sequence[Pad]) -> list[int]:
    """The frames at which episodes begin."""
    game = make(name, seed, fps)
    starts = [0]
    for frame, pad in enumerate(pads, 1):
        if game.advance(pad).done:
            game.reset()
            starts.append(frame)
    return starts


class _Again:
    """The recorded game once more, which can be taken back to any frame not before the last one asked for.

    What an engine doesn't keep, such as marks on the walls, is missing in both of two that are asked for the same
    frames, and is no difference between them. ViZDoom keeps the state of its game exactly, but not every passing effect
    of a shot: there a few inputs count as seen that cannot be, and none the other way round.
    """

    def __init__(self, name: str, seed: int, fps: int, pads: Sequence[Pad], starts: Sequence[int]) -> None:
        game = make(name, seed, fps)
        if not isinstance(game, SavedStates):
            raise GameError(f"{name}: its engine, {game.game_spec.engine}, keeps no states to go back to.")
        self._game = game
        self._pads = pads
        self._starts = deque(starts[1:])
        self._kept = 0

    def play(self, now: int, pads: Sequence[Pad]) -> Iterator[Picture]:
        """What follows frame `now`, at most to the episode's end, where these pads are held, not the recorded ones."""
        self._keep_up(now)
        self._game.load_state()
        for pad in self._pads[self._kept : now]:
            self._game.advance(pad)
        for pad in pads:
            if self._game.advance(pad).done:
                yield None
                return
            yield self._game.frame

    def _keep_up(self, now: int) -> None:
        """Keeps the last state that can be kept before frame `now`."""
        while self._starts and self._starts[0] <= now:
            self._game.reset()
            self._kept = self._starts.popleft()
        self._game.load_state()
        at = self._kept
        while at < now:
            if kept := self._game.save_state(self._pads[at:now]):
                self._kept = at = at + kept
            else:
                self._game.advance(self._pads[at])
                at += 1


class _Lazy:
    """Pictures, made when they are asked for and kept for the next who asks."""

    def __init__(self, source: Iterator[Picture]) -> None:
        self._source = source
        self._made: list[Picture] = []

    def __iter__(self) -> Iterator[Picture]:
        yield from self._made
        for picture in self._source:
            self._made.append(picture)
            yield picture


def _differ(one: _Lazy, other: Iterator[Picture]) -> bool:
    for a, b in zip_longest(one, other):
        if a is None or b is None:
            return (a is None) != (b is None)
        if not np.array_equal(a, b):
            return True
    return False


def _without(pad: Pad, control: int) -> Pad:
    """The pad with one of the 17 buttons up, or one of the 4 axes, which follow them, in the middle."""
    buttons, sticks = pad.buttons.copy(), pad.sticks.copy()
    if control < len(BUTTONS):
        buttons[control] = False
    else:
        sticks[control - len(BUTTONS)] = 0.0
    return Pad(buttons, sticks)


def _ends(held: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each frame and control, bool [T, C], the first frame from there on at which it is not held, at most T."""
    frames = np.where(held, len(held), np.arange(len(held))[:, None])
    return np.minimum.accumulate(frames[::-1], axis=0)[::-1]
