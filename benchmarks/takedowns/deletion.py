"""Taking one video's labels out of ten million rows: deletion and vacuum, and the bytes on the disk before and after.

The rows lie as the door leaves them: a partition a shard, each in files of the door's size.
"""

import time
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks.figures import Figure
from nitro_assets.lake.delta.parquet_writer import writer
from nitro_assets.lake.row_locations import predicate
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake

TABLE = TABLES["pseudo_labels"]
GOAL = 0.1
"""Seconds."""


def deletion(lake: Lake, shard: pl.DataFrame, shards: int, rounds: int) -> list[Figure]:
    """Write the labels as so many shards, each with videos of its own; delete one video in each round, of one shard
    after another; then one more with the table's history, as a takedown does."""
    keys = shard["video_key"].unique(maintain_order=True).to_list()
    for number in range(shards):
        lake.write(TABLE.name, f"{number:04d}", shard.with_columns(video_key=_of_shard(number, pl.col("video_key"))))
    purge, folder = lake.purge(TABLE.name), Path(lake.root, "tables", TABLE.name)
    rows, seconds, grown = int(lake.files(TABLE.name)["all_rows"].sum()), [], []
    purge.shorten_retention()
    purge.vacuum()
    for number in range(rounds):
        condition = _one(number % shards, keys[number * 3 % len(keys)])
        before, started = _bytes(folder), time.perf_counter()
        deleted = purge.delete_rows(condition, writer(TABLE))
        purge.vacuum()
        seconds.append(time.perf_counter() - started)
        grown.append(_bytes(folder) / before)
        if deleted != shard.height / len(keys):
            raise AssertionError(f"{deleted} rows were deleted, a video has {shard.height / len(keys)}.")
    started = time.perf_counter()
    purge.all(_one(shards - 1, keys[-1]), writer(TABLE))
    whole = time.perf_counter() - started
    return [
        Figure(f"deleting one video and vacuuming, {rows} rows", median(seconds), "s", GOAL, "lower"),
        Figure("bytes on the disk after that / before", max(grown), "ratio", 1.0, "lower"),
        Figure("the same with the table's history", whole, "s", None, "lower"),
    ]


def _of_shard(number: int, key: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit(f"{number:04d}"), key.str.slice(4))


def _one(number: int, key: str) -> str:
    return predicate(TABLE, [f"{number:04d}"], [f"{number:04d}{key[4:]}"])


def _bytes(folder: Path) -> int:
    """Of the rows' files; the log isn't counted."""
    return sum(path.stat().st_size for path in folder.glob("corpus_shard=*/*.parquet"))
