"""The recordings that segments are judged on: whole sessions of open games, every frame's kind known.

`python -m benchmarks.segmenting.corpus --out DIR` records what is missing there. The classifier is fitted on the
sessions of `FITTED` and tested on those of `HELD_OUT`, other games with other looks: no video of theirs was fitted on.
"""

import argparse
import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nitro_ml.games.env import Game
from nitro_ml.games.pad import Pad, actions_of
from nitro_ml.games.players.registry import player
from nitro_ml.games.recorder.encode import encode
from nitro_ml.games.recorder.scenario import kinds_of, scenario
from nitro_ml.games.registry import CATALOGUE, GAMES, make
from nitro_ml.segments.features import Features, FrameFacts
from nitro_ml.segments.smoothing import runs
from nitro_ml.video.decode import read

FPS, SIZE = 30, 96
SECONDS = 118  # a title and a round of everything
HELD_OUT = ("pong", "boxing", "freeway", "ms_pacman", "deadly_corridor", "my_way_home")
_CARTRIDGES = (
    "asterix",
    "beam_rider",
    "enduro",
    "frostbite",
    "qbert",
    "assault",
    "amidar",
    "kung_fu_master",
    "riverraid",
    "road_runner",
    "phoenix",
    "tennis",
    "hero",
    "kangaroo",
)
"""Played by the wanderer without being games of the arcade: looks and motions that the classifier should have seen."""
FITTED = (
    *_CARTRIDGES,
    "breakout",
    "space_invaders",
    "seaquest",
    "demon_attack",
    "alien",
    "basic",
    "health_gathering",
    "defend_the_center",
)
_BUTTONS = ("dpad_down", "dpad_up", "dpad_left", "dpad_right", "south")


@dataclass(frozen=True)
class Session:
    """One recording. facts: [T] of `features.FRAME`; time: float64 [T]; buttons and sticks: what was truly held; kinds:
    str [T], of `annotated_frame.KINDS`."""

    game: str
    seed: int
    video: Path
    facts: FrameFacts
    time: NDArray[np.float64]
    buttons: NDArray[np.bool_]
    sticks: NDArray[np.float32]
    kinds: NDArray[np.str_]


def plan(quick: bool = False) -> list[tuple[str, int]]:
    """(game, seed) of every session: four of each held-out game, one or two of the others; quick: few."""
    if quick:
        return [("freeway", 1000), ("breakout", 0)]
    held_out = [(game, 1000 + number) for game in HELD_OUT for number in range(4)]
    return held_out + [(game, seed) for game in FITTED for seed in range(1 if game in _CARTRIDGES else 2)]


def sessions(folder: Path, wanted: list[tuple[str, int]], seconds: float = SECONDS) -> Iterator[Session]:
    """The sessions, one after the other; those that the folder doesn't hold yet are recorded first.

    A last stretch that the end of the file cuts to less than a second is left out.
    """
    for game, seed in wanted:
        video = folder / f"{game}_{seed}.mp4"
        if not video.with_suffix(".npz").exists():
            film(game, seed, round(seconds * FPS), video)
        time, rows = seen(video)
        with np.load(video.with_suffix(".npz")) as truth:
            last = list(runs(truth["kinds"]))[-1][0]
            whole = slice(last if len(time) - last < FPS else None)
            buttons, sticks, kinds = (truth[name][whole] for name in ("buttons", "sticks", "kinds"))
        yield Session(game, seed, video, rows[whole], time[whole], buttons, sticks, kinds)


def film(game: str, seed: int, frames: int, video: Path) -> None:
    """Records a session, and its truth beside it as .npz."""
    video.parent.mkdir(parents=True, exist_ok=True)
    running = _game(game, seed)
    chance, habits = np.random.default_rng([seed, zlib.crc32(game.encode())]).spawn(2)
    moments = scenario(running, player("mixed", running, habits), chance)
    told: list[tuple[Pad, str]] = []

    def filmed() -> Iterator[NDArray[np.uint8]]:
        for moment in itertools.islice(moments, frames):
            told.append((moment.pad, moment.kind))
            yield moment.image

    encode(filmed(), video, FPS)
    held = actions_of([pad for pad, _ in told])
    kinds = np.array(kinds_of(told, FPS))
    np.savez_compressed(video.with_suffix(".npz"), buttons=held.buttons, sticks=held.sticks, kinds=kinds)


def seen(video: Path) -> tuple[NDArray[np.float64], FrameFacts]:
    """Times float64 [T] and facts [T] of a video file."""
    rows, times, features = [], [], Features()
    for part in read(video, SIZE):
        rows.append(features(part.rgb, part.time))
        times.append(part.time)
    return np.concatenate(times), np.concatenate(rows)


def _game(name: str, seed: int) -> Game:
    if name in GAMES:
        return make(name, seed, FPS)
    return make(CATALOGUE.spec("atari", name, title=name.replace("_", " ").title(), buttons=_BUTTONS), seed, FPS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder; made where it isn't there")
    for made in sessions(parser.parse_args().out, plan()):
        print(made.video.name, flush=True)
