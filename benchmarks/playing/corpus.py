"""The recordings that policies are measured on: games with experts, who plays known in every frame.

`python -m benchmarks.playing.corpus --out DIR --minutes 30 --who expert` plays each game for so many minutes, in videos
of two minutes, and keeps what is there already. Plain gameplay at 30 fps, no screens, no overlay; the same arguments
give the same bytes.
"""

import argparse
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from nitro_ml.core.clip import Clip
from nitro_ml.core.files import parquet
from nitro_ml.core.labels import read_truth
from nitro_ml.games.recorder.dataset import save_truth
from nitro_ml.games.recorder.record import record
from nitro_ml.games.registry import GAMES as ARCADE
from nitro_ml.video.decode import read

GAMES = (
    "pong",
    "breakout",
    "freeway",
    "space_invaders",
    "basic",
    "health_gathering",
    "deadly_corridor",
    "defend_the_center",
)
"""Those with an expert."""
FPS = 30
SECONDS = 120


@dataclass(frozen=True)
class Video:
    """One recording of `who`; the numbers below `LABELLED` and from there on never meet, whoever plays."""

    folder: Path
    game: str
    who: str
    number: int

    @property
    def path(self) -> Path:
        return self.folder / "videos" / f"{self.game}_{self.who}_{self.number:03d}.mp4"

    @property
    def truth(self) -> Path:
        return self.folder / "truth" / f"{self.path.stem}.actions.parquet"

    @property
    def seed(self) -> int:
        return zlib.crc32(f"{self.who} {self.number}".encode()) % 2**31

    def film(self) -> None:
        """Records the video unless it is there; the truth is written after it."""
        if not self.truth.exists():
            frames = SECONDS * FPS
            made = record(self.game, frames, self.seed, self.path, screens=False, fps=FPS, who=self.who)
            save_truth(made, self.truth.parent)

    def clip(self, size: int, weight: float = 1.0) -> Clip:
        """The video with its true inputs; frames are decoded once and lie on disk from then on."""
        frames, time = self.frames(size)
        truth = read_truth(self.truth, FPS)
        return Clip(frames, time, self.game, self.path.stem, truth.actions, weight)

    def frames(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [T, size, size, 3] as a memory map, and float64 [T] seconds."""
        kept = self.folder / f"frames_{size}" / f"{self.path.stem}.npy"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = kept.with_suffix(".partial.npy")
            np.save(partial, np.concatenate([part.rgb for part in read(self.path, size)]))
            partial.replace(kept)
        frames = np.load(kept, mmap_mode="r")
        return frames, np.arange(len(frames)) / FPS

    def turns(self, size: int, player: str) -> list[Clip]:
        """The stretches of the video in which this player had the pad."""
        clip = self.clip(size)
        mine = (parquet.read(self.truth)["player"] == player).to_numpy()
        return pieces(clip, mine)


def pieces(clip: Clip, wanted: np.ndarray) -> list[Clip]:
    """The runs of at least half a second of a clip in which `wanted`, bool [T], is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]).astype(int)))
    return [clip.part(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= FPS // 2]


def skilled(game: str) -> str:
    """Who plays a game well for a policy to learn from: an Atari game goes the same way again and again unless its
    expert is disturbed; each episode of ViZDoom begins differently."""
    return "disturbed" if ARCADE[game].engine == "atari" else "expert"


def videos(folder: Path, game: str, who: str, minutes: float, first: int = 0) -> list[Video]:
    """So many minutes, from the video number `first` on."""
    return [Video(folder, game, who, first + n) for n in range(round(minutes * 60 / SECONDS))]


def film(wanted: Sequence[Video], jobs: int = 1) -> None:
    """Records those that are missing, with so many processes."""
    missing = [video for video in wanted if not video.truth.exists()]
    if jobs == 1:
        for video in missing:
            video.film()
    else:
        # Not forked: polars' threads don't survive it.
        with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
            list(pool.map(Video.film, missing))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder; made where it isn't there")
    parser.add_argument("--minutes", type=float, default=30.0, help="of play a game")
    parser.add_argument("--who", default="expert", help="expert, wanderer or mixed")
    parser.add_argument("--games", nargs="*", default=GAMES)
    parser.add_argument("--jobs", type=int, default=1, help="recordings made at the same time")
    given = parser.parse_args()
    film([v for game in given.games for v in videos(given.out, game, given.who, given.minutes)], given.jobs)
