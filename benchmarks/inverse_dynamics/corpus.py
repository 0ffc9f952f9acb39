"""The recordings the IDM is measured on: thirteen open games whose inputs are known, split by video.

`python -m benchmarks.inverse_dynamics.corpus --out DIR --minutes 30 --jobs 1` plays each game for so many minutes, in
six videos of equal length, and keeps what is there already. Plain gameplay at 30 fps, no screens, no overlay; the same
arguments give the same bytes.
"""

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from nitro_ml.core.files import parquet
from nitro_ml.core.observability import PREFIX
from nitro_ml.games.recorder.dataset import add_visible, save_truth
from nitro_ml.games.recorder.record import record
from nitro_ml.games.registry import GAMES

TRAINED = (
    "pong",
    "breakout",
    "freeway",
    "space_invaders",
    "boxing",
    "seaquest",
    "ms_pacman",
    "health_gathering",
    "deadly_corridor",
    "my_way_home",
)
UNSEEN = ("demon_attack", "alien", "defend_the_center")
"""Never trained on: a shooter, a maze, and one with a stick."""

FPS = 30
VIDEOS = (
    ("train", "wanderer"),
    ("train", "mixed"),
    ("train", "expert"),
    ("train", "mixed"),
    ("calibrate", "mixed"),
    ("test", "mixed"),
)
"""Split and player of each of a game's videos; where a game has no expert, the wanderer plays. Of an unseen game all
videos are there to test on."""


@dataclass(frozen=True)
class Video:
    """One recording: the number-th of a game. `path` and `truth` are files of the folder it is recorded to."""

    folder: Path
    game: str
    number: int
    frames: int

    @property
    def split(self) -> str:
        """`train`, `calibrate` or `test`."""
        return "test" if self.game in UNSEEN else VIDEOS[self.number][0]

    @property
    def path(self) -> Path:
        return self.folder / "videos" / f"{self.game}_{self.number:02d}.mp4"

    @property
    def truth(self) -> Path:
        """NitroGen's columns with `frame` and `time`: `nitro_ml.core.labels.read_truth`."""
        return self.folder / "truth" / f"{self.path.stem}.actions.parquet"

    @property
    def seed(self) -> int:
        return 1000 + self.number

    @property
    def filmed(self) -> bool:
        """The truth is written after the video."""
        return self.truth.exists() and parquet.scan(self.truth).select(pl.len()).collect().item() == self.frames

    @property
    def done(self) -> bool:
        """What is tested on has the `visible_` columns too."""
        return self.filmed and (self.split != "test" or f"{PREFIX}south" in parquet.columns(self.truth))


def videos(folder: Path, minutes: float = 30.0, games: Sequence[str] = (*TRAINED, *UNSEEN)) -> list[Video]:
    """What the corpus of so many minutes a game consists of, whether recorded or not."""
    frames = round(minutes * 60 * FPS / len(VIDEOS))
    return [Video(folder, game, number, frames) for number in range(len(VIDEOS)) for game in games]


def corpus(
    folder: Path, minutes: float = 30.0, jobs: int = 1, games: Sequence[str] = (*TRAINED, *UNSEEN)
) -> list[Video]:
    """Records what is missing, with so many processes, and returns all videos of `videos`."""
    return film(videos(folder, minutes, games), jobs)


def film(wanted: Sequence[Video], jobs: int = 1) -> list[Video]:
    """Records those of the videos that are missing, with so many processes, and returns all."""
    # What is tested on first: to find out what can be seen takes longest.
    missing = sorted((video for video in wanted if not video.done), key=lambda video: video.split != "test")
    if jobs == 1:
        for video in missing:
            _film(video)
    else:
        # Not forked: polars' threads don't survive it.
        with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
            list(pool.map(_film, missing))
    return list(wanted)


def _film(video: Video) -> None:
    if not video.filmed:
        who = VIDEOS[video.number][1] if GAMES[video.game].has_expert else "wanderer"
        recording = record(video.game, video.frames, video.seed, video.path, screens=False, fps=FPS, who=who)
        save_truth(recording, video.truth.parent)
    if video.split == "test":
        add_visible(video.truth, video.game, video.seed, FPS)
    print(video.path.name, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder; made where it isn't there")
    parser.add_argument("--minutes", type=float, default=30.0, help="of play a game")
    parser.add_argument("--jobs", type=int, default=1, help="recordings made at the same time")
    given = parser.parse_args()
    corpus(given.out, given.minutes, given.jobs)
