"""Plays a game and films it: the video, and apart from it the truth about what was held."""

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import Actions
from nitro_ml.core.progress import Progress
from nitro_ml.games.pad import actions_of
from nitro_ml.games.players.registry import player
from nitro_ml.games.recorder.annotated_frame import AnnotatedFrame
from nitro_ml.games.recorder.encode import encode
from nitro_ml.games.recorder.scenario import kinds_of, play, scenario
from nitro_ml.games.recorder.stream import Layout
from nitro_ml.games.registry import make

_NOTHING = np.zeros((0, 0, 3), np.uint8)  # the picture of a frame that has been filmed


@dataclass(frozen=True)
class Segment:
    """A stretch of one kind (`annotated_frame.KINDS`); start and end in seconds, the end exclusive."""

    start: float
    end: float
    kind: str


@dataclass(frozen=True)
class Recording:
    """A video file and its truth. layout: None where no controller is drawn.

    actions, time, players and rewards have one row a frame: what was held, seconds, who held it ("" where nobody
    played) and the points it brought.
    """

    game: str
    fps: int
    video: Path
    actions: Actions
    time: NDArray[np.float64]
    players: NDArray[np.str_]
    rewards: NDArray[np.float64]
    segments: tuple[Segment, ...]
    layout: Layout | None


def record(
    game: str,
    frames: int,
    seed: int,
    out: Path,
    *,
    labelled: bool = False,
    screens: bool = True,
    fps: int = 30,
    who: str = "mixed",
    progress: Progress | None = None,
) -> Recording:
    """Plays `frames` frames and writes them to `out` (MP4). The same arguments give the same bytes.

    Labelled, it is play only, 426 x 240, with a drawn controller that follows the inputs; otherwise 320 x 240 without,
    and with everything else that videos show (`scenario.scenario`) unless `screens` is False. `who` plays: see
    `players.registry.player`.
    Raises `GameError` for a game, rate or player there isn't, ValueError for fewer frames than one.
    """
    if frames < 1:
        raise ValueError(f"frames is {frames}; at least 1 is needed.")
    running = make(game, seed, fps)
    chance, habits = np.random.default_rng([seed, zlib.crc32(game.encode())]).spawn(2)
    playing = player(who, running, habits)
    layout = Layout.draw(chance) if labelled else None
    moments = scenario(running, playing, chance) if screens and not labelled else play(running, playing)
    told: list[AnnotatedFrame] = []

    def filmed() -> Iterator[NDArray[np.uint8]]:
        moment: AnnotatedFrame
        for moment in itertools.islice(moments, frames):
            told.append(moment._replace(image=_NOTHING))
            if progress:
                progress(len(told) / frames, f"frame {len(told)} of {frames}")
            yield layout.compose(moment.image, moment.pad) if layout else moment.image

    out.parent.mkdir(parents=True, exist_ok=True)
    encode(filmed(), out, fps)
    return Recording(
        game,
        fps,
        out,
        actions_of([moment.pad for moment in told]),
        np.arange(frames) / fps,
        np.array([moment.player for moment in told]),
        np.array([moment.reward for moment in told], np.float64),
        _segments(kinds_of([(moment.pad, moment.kind) for moment in told], fps), fps),
        layout,
    )


def _segments(kinds: list[str], fps: int) -> tuple[Segment, ...]:
    """Runs of one kind, in order, without gaps."""
    found, start = [], 0
    for kind, run in itertools.groupby(kinds):
        end = start + len(list(run))
        found.append(Segment(start / fps, end / fps, kind))
        start = end
    return tuple(found)
