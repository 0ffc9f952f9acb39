"""Plays a game and films it: the video, and apart from it the truth about what was held."""

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nitro_ml.actions import Actions
from nitro_ml.arcade.encode import encode
from nitro_ml.arcade.games import make
from nitro_ml.arcade.moment import Moment
from nitro_ml.arcade.pad import Pad, actions_of
from nitro_ml.arcade.players import player
from nitro_ml.arcade.session import kinds_of, play, session
from nitro_ml.arcade.stream import Layout
from nitro_ml.progress import Progress


@dataclass(frozen=True)
class Segment:
    """A stretch of one kind (`moment.KINDS`); start and end in seconds, the end exclusive."""

    start: float
    end: float
    kind: str


@dataclass(frozen=True)
class Recording:
    """A video file and its truth. actions and time: one row a frame; layout: None where no controller is drawn."""

    game: str
    fps: int
    video: Path
    actions: Actions
    time: NDArray[np.float64]
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
    and with everything else that videos show (`session.session`) unless `screens` is False. `who` plays: see
    `players.player`.
    Raises `GameError` for a game, rate or player there isn't, ValueError for fewer frames than one.
    """
    if frames < 1:
        raise ValueError(f"frames is {frames}; at least 1 is needed.")
    running = make(game, seed, fps)
    chance, habits = np.random.default_rng([seed, zlib.crc32(game.encode())]).spawn(2)
    playing = player(who, running, habits)
    layout = Layout.draw(chance) if labelled else None
    moments = session(running, playing, chance) if screens and not labelled else play(running, playing)
    pads: list[Pad] = []
    kinds: list[str] = []

    def filmed() -> Iterator[NDArray[np.uint8]]:
        moment: Moment
        for moment in itertools.islice(moments, frames):
            pads.append(moment.pad)
            kinds.append(moment.kind)
            if progress:
                progress(len(pads) / frames, f"frame {len(pads)} of {frames}")
            yield layout.compose(moment.image, moment.pad) if layout else moment.image

    out.parent.mkdir(parents=True, exist_ok=True)
    encode(filmed(), out, fps)
    return Recording(
        game,
        fps,
        out,
        actions_of(pads),
        np.arange(frames) / fps,
        _segments(kinds_of(list(zip(pads, kinds, strict=True)), fps), fps),
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
