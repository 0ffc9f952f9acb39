"""Which partitions and files of which tables hold rows of given videos: asked of the live tables, not of any index."""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from nitro_assets.identity import shard_of
from nitro_assets.lake.delta.purge import literals
from nitro_assets.lake.schemas import TABLES, Table
from nitro_assets.lake.store import Lake
from nitro_ml.core.files import parquet


@dataclass(frozen=True)
class RowLocation:
    """Rows of the videos in one partition of one table, and the files (with their bytes) that must be rewritten.

    A file that partitions share counts for each of them.
    """

    table: str
    partition: str
    rows: int
    files: int
    bytes: int
    others: int
    """Rows of other videos in the same files, which are written again as they are."""


def row_locations(lake: Lake, video_keys: Collection[str], table: Table) -> list[RowLocation]:
    """The partitions of one table that hold the videos.

    A corpus shard follows from the key, so that only those are looked into; of other tables the column `video_key` is
    read, and nothing else.
    """
    places = lake.files(table.name)
    if table.partition == "corpus_shard":
        shards = {shard_of(key, lake.corpus_shards) for key in video_keys}
        places = places.filter(pl.col("partition").is_in(list(shards)))
    if places.is_empty():
        return []
    shared = places["partition"].is_null().all()
    older = {"missing_columns": "insert", "extra_columns": "ignore"}  # files from before a column was added
    scan = parquet.scan(places["uri"].to_list(), include_file_paths="uri", **older)
    mine = scan.filter(pl.col("video_key").is_in(list(video_keys)))
    if shared:  # the files don't say whose they are, their rows do
        places, mine = places.drop("partition"), mine.rename({table.partition: "partition"})
    rows = mine.group_by("uri", *(["partition"] if shared else [])).len("rows").collect()
    found = (
        places.join(rows, on="uri")
        .group_by("partition")
        .agg(pl.sum("rows"), pl.len().alias("files"), pl.sum("bytes"), pl.sum("all_rows"))
    )
    return [RowLocation(table.name, p, r, f, b, n - r) for p, r, f, b, n in found.sort("partition").iter_rows()]


def predicate(table: Table, partitions: Collection[str], video_keys: Collection[str]) -> str:
    """SQL for the rows of the videos in these partitions."""
    return f"{table.partition} IN {literals(partitions)} AND video_key IN {literals(video_keys)}"


def video_tables() -> list[Table]:
    """The tables whose rows belong to single videos."""
    return [table for table in TABLES.values() if table.has_videos]
