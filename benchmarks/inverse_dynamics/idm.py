"""How good the inverse dynamics models are: on games they were trained on and on games they never saw, over all frames
and over the inputs that can be seen at all, beside baselines that see nothing.

`window`, `vpt` and `pair` are trained on the same play, each in one thread, two of them at a time. What is done is
kept in `state/bench`: recordings, decoded frames, checkpoints and labels; a run that was stopped goes on from there.
"""

import hashlib
import json
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import torch

from benchmarks.figures import Figure, say
from benchmarks.inverse_dynamics.corpus import TRAINED, UNSEEN, Video, film, videos
from benchmarks.inverse_dynamics.scores import labels_file, tables
from nitro_assets.settings import ROOT
from nitro_ml.core.clip import Clip
from nitro_ml.core.labels import labels_frame, read_truth
from nitro_ml.models.idm.config import IDMRecipe, load_recipe
from nitro_ml.models.idm.label import Labeller, label_clip
from nitro_ml.models.idm.split import Split
from nitro_ml.models.idm.train import train_on
from nitro_ml.video import decode

Result = TypeVar("Result")

MODELS = ("window", "vpt", "pair")
CORES = 2
MINUTES = 30.0
UNSEEN_FROM = 5  # of an unseen game the videos from this number on are measured on, as of a trained one
TINY = {"steps": 2, "stretches": 1, "check": 3}


@dataclass(frozen=True)
class Made:
    """A trained model: its checkpoint's folder, and the processor time it took, calibration and probes included."""

    checkpoint: Path
    core_seconds: float


@dataclass(frozen=True)
class Bench:
    """One run: where its files are, how much is played, what is changed in the recipes, and which are trained."""

    folder: Path
    minutes: float
    games: tuple[str, ...]
    changes: dict[str, Any]
    models: tuple[str, ...] = MODELS

    def recipe(self, model: str) -> IDMRecipe:
        return load_recipe(model).model_copy(update=self.changes)

    @property
    def size(self) -> int:
        """The one resolution of all the models."""
        (size,) = {self.recipe(model).resolution for model in self.models}
        return size

    def recorded(self, jobs: int) -> list[Video]:
        """All that is trained or measured on, recorded where it is missing."""
        found = videos(self.folder / "corpus", self.minutes, self.games)
        return film([v for v in found if v.game not in UNSEEN or v.number >= UNSEEN_FROM], jobs)

    def decode(self, of: Video) -> None:
        """Decode a recording once; it is read from disk as a memory map from then on."""
        frames, times = self._decoded(of)
        if not times.exists():
            frames.parent.mkdir(parents=True, exist_ok=True)
            parts = list(decode.read(of.path, self.size))
            np.save(frames, np.concatenate([p.rgb for p in parts]))
            np.save(times, np.concatenate([p.time for p in parts]))

    def clip(self, of: Video) -> Clip:
        frames, times = self._decoded(of)
        return Clip(np.load(frames, mmap_mode="r"), np.load(times), of.game, of.path.stem, read_truth(of.truth).actions)

    def _decoded(self, of: Video) -> tuple[Path, Path]:
        folder = self.folder / "frames" / str(self.size)
        return folder / f"{of.path.stem}.frames.npy", folder / f"{of.path.stem}.time.npy"

    def train(self, model: str, videos: Sequence[Video]) -> Made:
        """A model of the same recipe and recordings is kept."""
        torch.set_num_threads(1)
        recipe = self.recipe(model)
        facts = [recipe.model_dump_json(), *(f"{v.path.stem} {v.frames}" for v in videos if v.split != "test")]
        folder = self.folder / "models" / f"{model}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:12]}"
        kept = folder / "made.json"
        if not kept.exists():
            clips = {name: [self.clip(v) for v in videos if v.split == name] for name in ("train", "calibrate")}
            start = _core_seconds()
            made = train_on(
                recipe,
                Split(clips["train"], clips["calibrate"], []),
                folder,
                {},
                lambda _, told: say(f"{model}: {told}, {(_core_seconds() - start) / 60:.1f} core minutes"),
                folder / "scratch",
            )
            kept.write_text(json.dumps([made.path.name, _core_seconds() - start]))
        name, seconds = json.loads(kept.read_text())
        return Made(folder / name, seconds)

    def label(self, model: str, of: Video, checkpoint: Path) -> None:
        """The labels of a video, beside the checkpoint they come from."""
        kept = labels_file(checkpoint.parent, of)
        if not kept.exists():
            torch.set_num_threads(1)
            labels_frame(label_clip(labeller_of(checkpoint), self.clip(of))).write_parquet(kept)
            say(f"{model}: {of.path.stem} labelled")


@cache
def labeller_of(checkpoint: Path) -> Labeller:
    return Labeller(checkpoint)


def run(quick: bool = False) -> list[Figure]:
    """Records, trains, labels and scores; the tables per game go to `window.md` beside what is kept."""
    folder = ROOT / "state" / "bench"
    if quick:
        with TemporaryDirectory() as scratch:
            return measure(Bench(Path(scratch), 0.3, ("pong", UNSEEN[0]), TINY), jobs=1)
    return measure(Bench(folder, MINUTES, (*TRAINED, *UNSEEN), {}), jobs=CORES)


def measure(bench: Bench, jobs: int) -> list[Figure]:
    """The figures of one run; with one job everything happens in this process."""
    played = bench.recorded(jobs)
    say(f"{len(played)} recordings of {len(bench.games)} games")
    _each(jobs, bench.decode, played)
    say("decoded; training")
    made = dict(zip(bench.models, _each(jobs, bench.train, bench.models, [played] * len(bench.models)), strict=True))
    say("trained; labelling")
    wanted = [(model, v, made[model].checkpoint) for v in played if v.split != "train" for model in bench.models]
    _each(jobs, bench.label, *zip(*wanted, strict=True))
    say("labelled; scoring")
    found = tables({model: made[model].checkpoint for model in bench.models}, played)
    (bench.folder / f"{bench.models[0]}.md").write_text(found.markdown())
    return [*found.figures(), *(_cost(model, made[model]) for model in bench.models)]


def _each(jobs: int, work: Callable[..., Result], *arguments: Sequence[Any]) -> list[Result]:
    """As `map`, in so many processes at a time."""
    if jobs == 1:
        return [work(*these) for these in zip(*arguments, strict=True)]
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        return list(pool.map(work, *arguments))


def _core_seconds() -> float:
    """Processor time of this process and of those it forked and that have ended."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def _cost(model: str, made: Made) -> Figure:
    return Figure(f"{model}: training", made.core_seconds / 60, "core minutes", 30.0 * CORES, "lower")
