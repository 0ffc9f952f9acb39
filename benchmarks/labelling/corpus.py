"""What labelling is measured on: a recorded game at 360p, the height that downloads are asked for, on a loopback site
under as many addresses as there are videos; and the laptop's IDM, hardly trained, which is as fast as a trained one."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from demo.site import serve
from nitro_assets.assets import ASSETS
from nitro_assets.assets.pseudo_labels import worker as pseudo_labels
from nitro_assets.assets.pseudo_labels.engine import LocalEngine
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import Record, State, index_version
from nitro_assets.runtime.job import Job
from nitro_assets.settings import Settings
from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.clip import Clip
from nitro_ml.games.recorder.encode import encode
from nitro_ml.games.recorder.record import record
from nitro_ml.models.idm.config import IDMRecipe, load_recipe
from nitro_ml.models.idm.train import train
from nitro_ml.training.hardware import Hardware
from nitro_ml.video import decode

FPS = 30
_TRAINED = tempfile.TemporaryDirectory(prefix="nitro-bench-")
PAGE = {"title": "play", "channel": "ours", "licence": "CC0-1.0", "date": "2026-01-01", "description": ""}
"""What the loopback site tells of each of its videos."""


@dataclass(frozen=True)
class Corpus:
    """A lake without labels, the sites and the file that all its videos are, its frames, the checkpoint and its frames'
    side."""

    settings: Settings
    lake: Lake
    sites: tuple[str, ...]
    file: Path
    frames: int
    checkpoint: str
    size: int

    def job(self, asset: str = "pseudo_labels") -> Job:
        return Job(self.settings, self.lake, ASSETS[asset], lambda fraction, message: None)

    def index(self, shard: str, videos: int) -> None:
        """Put so many videos into a shard's index."""
        rows = pl.DataFrame(
            {
                "video_key": [f"{int(shard):016x}{n:016x}" for n in range(videos)],
                "address": [f"{self.sites[n % len(self.sites)]}/watch/{shard}x{n}" for n in range(videos)],
                "game": ["freeway"] * videos,
                "keep": [True] * videos,
            }
        )
        write(self.lake, "video_index", shard, rows)
        version = index_version(self.lake, shard)
        State(self.lake, self.settings).record(Record("video_index", shard, "", {}, version, videos))


def write(lake: Lake, table: str, partition: str, rows: pl.DataFrame) -> None:
    """Rows of a table through the lake's door; columns that are not given are null."""
    columns = {name: t for name, t in TABLES[table].columns.items() if name != TABLES[table].partition}
    missing = [pl.lit(None, t).alias(name) for name, t in columns.items() if name not in rows.columns]
    lake.write(table, partition, rows.with_columns(missing).select(*columns))


@contextmanager
def lanes(count: int) -> Iterator[None]:
    """A local engine of so many lanes, whatever the machine has."""
    engine = LocalEngine(count)
    with patch.object(pseudo_labels, "_engine", lambda _: engine):
        yield
    engine.close()


def settings(home: Path, shards: int) -> Settings:
    """All that nitro keeps in one folder."""
    return Settings(
        lake=str(home / "lake"),
        nitrogen=str(home / "nitrogen"),
        cache=str(home / "cache"),
        secret_file=home / "secret",
        inbox=home / "inbox",
        corpus_shards=shards,
        allow_loopback=True,
        min_seconds=0,
    )


def bare_settings(home: Path) -> Settings:
    """Settings below `home` for engines that label without a pipeline: no clips are kept."""
    return Settings(
        lake=str(home / "lake"),
        secret_file=home / "secret",
        cache=str(home / "cache"),
        cache_gb=0,
        allow_loopback=True,
        min_seconds=0,
        min_height=0,
    )


@contextmanager
def corpus(
    shards: int, videos: int, seconds: int, lake: str = "", recipe: str = "window", sites: int = 1
) -> Iterator[Corpus]:
    """Room for so many shards; every address of `videos` in each leads to the same video, `seconds` long.

    `lake`: its address, where it isn't a folder of its own; `recipe`: the IDM's; `sites`: hosts that the addresses are
    spread over, each of which is asked at a pace of its own.
    """
    with tempfile.TemporaryDirectory(prefix="nitro-bench-") as folder:
        home = Path(folder)
        file = _video(home, seconds)
        names = [f"{shard:04d}x{n}" for shard in range(shards) for n in range(videos)]
        (home / "site.json").write_text(json.dumps([{"id": name, "file": file.name, **PAGE} for name in names]))
        here = settings(home, shards)
        here = here.model_copy(update={"lake": lake or here.lake})
        into = Lake(here)
        with ExitStack() as served:
            hosts = tuple(served.enter_context(serve(home)) for _ in range(sites))
            shape = load_recipe(recipe)
            checkpoint = _checkpoint(into, shape)
            yield Corpus(here, into, hosts, file, seconds * FPS, checkpoint, shape.resolution)


def _video(home: Path, seconds: int) -> Path:
    played = home / "played.mp4"
    record("freeway", seconds * FPS, 1, played, screens=False)
    wide = (
        np.asarray(cv2.resize(frame, (640, 360)), np.uint8) for part in decode.read(played, 240) for frame in part.rgb
    )
    (home / "videos").mkdir()
    encode(wide, home / "videos" / "play.mp4", FPS)
    return home / "videos" / "play.mp4"


def _checkpoint(lake: Lake, shape: IDMRecipe) -> str:
    """Hardly trained: its speed is that of a trained one."""
    checkpoints = Checkpoints(lake)
    name = checkpoints.put(_trained(shape.name))
    checkpoints.set(name, "idm_checkpoint", shape.name, "promoted", "for its speed")
    return name


@cache
def _trained(name: str) -> Path:
    recipe = load_recipe(name)
    recipe = recipe.model_copy(update={"requires": there(), "hardware": Hardware(), "steps": 1, "stretches": 2})
    clips = [noise(n, recipe.resolution) for n in range(3)]
    return train(recipe, clips, Path(_TRAINED.name), {"name": "fast"}).path


def there() -> str:
    """What a recipe may require on this machine."""
    return "gpu" if torch.cuda.is_available() else "cpu"


def noise(number: int, size: int, frames: int = 192) -> Clip:
    """A labelled clip of which nothing can be learned."""
    chance = np.random.default_rng(number)
    pixels: NDArray[np.uint8] = chance.integers(0, 256, (frames, size, size, 3), np.uint8)
    held = chance.random((frames, len(BUTTONS))) < 0.3
    actions = Actions(held, np.zeros((frames, 4), np.float32))
    return Clip(pixels, np.arange(frames) / FPS, "freeway", f"noise-{number}", actions)
