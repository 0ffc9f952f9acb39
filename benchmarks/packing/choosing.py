"""What it takes to choose among two million labelled chunks."""

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.figures import Figure
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.clips.chosen import idm_chunks
from nitro_assets.settings import Settings
from nitro_ml.models.idm.config import load_recipe
from nitro_ml.training.choice import Choice

SHARDS, VIDEOS, CHUNKS = 20, 2000, 50
"""Shards, videos of a shard, chunks of a video."""
GAMES = 900
CHOICE = Choice(hours=5000, hours_per_game=50, minutes_per_video=10)


def choosing(quick: bool) -> list[Figure]:
    """Seconds and memory from opening the lake to the chunks that a training takes, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="nitro-bench-") as name:
        folder, shards = Path(name), 1 if quick else SHARDS
        settings = Settings(lake=str(folder / "lake"), secret_file=folder / "secret")
        lake = Lake(settings)
        for shard in range(shards):
            lake.write("nitrogen_chunks", f"SHARD_{shard:04d}", _chunks(shard))
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            found = alone.submit(_choose, settings.lake, settings.secret_file).result()
    seconds, processor, before, peak, hours = found
    chunks = f"{shards * VIDEOS * CHUNKS:,} chunks"
    return [
        Figure(f"choosing among {chunks}", seconds, "s", 10.0, "lower"),
        Figure("processor time of that", processor, "s", None, "lower"),
        Figure(f"choosing among {chunks}: memory at most", peak, "GB", 1.0, "lower"),
        Figure("memory of the same process before that", before, "GB", None, "lower"),
        Figure("chosen", hours, "h"),
    ]


def _choose(lake: str, secret: Path) -> tuple[float, ...]:
    """Seconds, seconds of processor time, the process' peak memory before and after in GB, and the hours chosen."""
    settings, before = Settings(lake=lake, secret_file=secret), _peak()
    started, busy = time.perf_counter(), time.process_time()
    recipe = load_recipe("quick").model_copy(update={"data": CHOICE})
    rows = idm_chunks(Lake(settings), recipe).chunks
    seconds = time.perf_counter() - started
    return seconds, time.process_time() - busy, before, _peak(), float((rows["end"] - rows["start"]).sum()) / 3600


def _peak() -> float:
    """GB of this process alone: what `getrusage` tells begins with what the process that started it took."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024 / 1e9


def _chunks(shard: int) -> pl.DataFrame:
    """The chunks of one shard: twenty seconds each, of games of very different sizes."""
    rng = np.random.default_rng(shard)
    video = np.repeat(np.arange(VIDEOS), CHUNKS)
    keys = pl.Series([f"{rng.integers(1 << 62):016x}{rng.integers(1 << 62):016x}" for _ in range(VIDEOS)])
    games = pl.Series([f"game {int(GAMES * rng.random() ** 3)}" for _ in range(VIDEOS)])
    chunk = np.tile(np.arange(CHUNKS), VIDEOS)
    found = {
        "video_key": keys[video],
        "chunk": chunk,
        "game": games[video],
        "frames": np.full(len(video), 600),
        "start_time": chunk * 20.0,
        "end_time": chunk * 20.0 + 20,
        "density": rng.random(len(video)),
    }
    columns = {n: t for n, t in TABLES["nitrogen_chunks"].columns.items() if n != TABLES["nitrogen_chunks"].partition}
    return pl.DataFrame(found).with_columns(pl.lit(None, t).alias(n) for n, t in columns.items() if n not in found)
