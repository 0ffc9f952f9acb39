"""The lake: bytes a frame of soft labels, the speed of a commit, and of taking one video out of ten million rows.

The labels are noisier than those of a trained IDM: five of 17 buttons wander over the whole range, the others and one
stick tremble around nothing (a second stick that does takes 1.1 bytes more). Speeds are ratios of one round, the median
of the rounds; sizes are those of files.
"""

import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from benchmarks.figures import Figure
from benchmarks.takedowns.deletion import deletion
from nitro_assets.lake import quantize
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_ml.core.actions import BUTTONS, STICKS
from nitro_ml.core.labels import Labels
from nitro_ml.games.recorder.shard import actions_table

ACTIVE = (1, 2, 3, 4, 14)  # the d-pad and one button
VIDEO = 27_000  # rows: 15 minutes


def run(quick: bool = False) -> list[Figure]:
    """Bytes, and speeds beside polars'."""
    videos, shards, rounds = (2, 2, 1) if quick else (20, 19, 5)
    labels = [noisy_labels(VIDEO // (10 if quick else 1), seed) for seed in range(videos)]
    shard = pl.concat([_rows(part, f"{number:032x}") for number, part in enumerate(labels)])
    with tempfile.TemporaryDirectory(prefix="nitro-bench-") as name:
        folder = Path(name)
        lake = Lake(Settings(lake=str(folder / "lake"), secret_file=folder / "secret", corpus_shards=shards))
        commit = [
            _seconds(lambda: shard.write_parquet(folder / "limit.parquet", compression="zstd", compression_level=1))
            / _seconds(lambda: lake.write("pseudo_labels", "0000", shard))
            for _ in range(rounds)
        ]
        ours = float(lake.files("pseudo_labels")["bytes"].sum()) / shard.height
        one = pl.col("video_key") == f"{0:032x}"
        whole = _seconds(lambda: lake.partition("pseudo_labels", "0000"))
        single = _seconds(lambda: lake.read("pseudo_labels").filter(one & (pl.col("corpus_shard") == "0000")).collect())
        deleted = deletion(lake, shard, shards, rounds)
    return [
        Figure("soft labels", ours, "bytes a frame", 8.1, "lower"),
        Figure("NitroGen's parquet, hard buttons", _nitrogen(labels[0]), "bytes a frame", None, "lower"),
        Figure("float32 columns, zstd-1", _floats(labels[0]), "bytes a frame", None, "lower"),
        Figure("speed of a shard's commit / polars' parquet", median(commit), "ratio", 0.6),
        Figure("time of one video's rows / of its shard's", single / whole, "ratio", None, "lower"),
        *deleted,
    ]


def noisy_labels(frames: int, seed: int) -> Labels:
    """Labels as of an IDM that is never sure: logits that wander, with fresh noise in every frame."""
    rng = np.random.default_rng(seed)
    logits = _wandering(rng, (frames, len(BUTTONS)), np.where(np.isin(np.arange(17), ACTIVE), 1.2, 0.6))
    buttons = 1 / (1 + np.exp(-(logits + np.where(np.isin(np.arange(17), ACTIVE), -1, -6))))
    sticks = _wandering(rng, (frames, len(STICKS)), np.array([0.03, 0.03, 0, 0])).clip(-1, 1)
    sure = np.maximum(buttons, 1 - buttons).mean(1)
    parts = (part.astype(np.float32) for part in (buttons, sticks, sure))
    return Labels(np.arange(frames) / 30, next(parts), next(parts), next(parts), "pooled")


def _wandering(rng: np.random.Generator, shape: tuple[int, int], step: np.ndarray) -> np.ndarray:
    values = rng.standard_normal(shape) * step
    for i in range(1, len(values)):
        values[i] += 0.8 * values[i - 1]
    return values


def _rows(labels: Labels, key: str) -> pl.DataFrame:
    found = quantize.quantize(labels).with_columns(
        corpus_shard=pl.lit("0000"),
        video_key=pl.lit(key),
        frame=pl.int_range(pl.len(), dtype=pl.Int32),
        checkpoint=pl.lit("c" * 32),
        picture=pl.lit(""),
    )
    return found.select(*TABLES["pseudo_labels"].columns)


def _nitrogen(labels: Labels) -> float:
    table = actions_table(labels.hard())
    return _size(lambda file: table.write_parquet(file)) / len(labels)


def _floats(labels: Labels) -> float:
    columns = {name: labels.buttons[:, i] for i, name in enumerate(BUTTONS)}
    columns |= {name: labels.sticks[:, i] for i, name in enumerate(STICKS)}
    table = pl.DataFrame({"time": labels.time.astype(np.float32), **columns, "confidence": labels.confidence})
    return _size(lambda file: table.write_parquet(file, compression="zstd", compression_level=1)) / len(labels)


def _size(write: Callable[[io.BytesIO], object]) -> int:
    file = io.BytesIO()
    write(file)
    return len(file.getvalue())


def _seconds(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started
