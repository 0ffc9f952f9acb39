"""Lineage edges: which rows of which input, of which video, went into which artifact; and the closure over them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import polars as pl

from nitro_assets.assets import ASSETS
from nitro_assets.lake.delta.purge import literals
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import scope


@dataclass(frozen=True)
class Edge:
    """`rows` rows of one video (None: of no single one) read from one version of one input."""

    input_asset: str
    input_partition: str
    input_version: str
    video_key: str | None
    rows: int


@dataclass(frozen=True)
class Artifact:
    """One version of one asset's partition, and how a video reached it.

    `through` is "rows" where the video's own rows are in it, else the tainted checkpoint it was made with.
    """

    asset: str
    partition: str
    version: str
    rows: int
    through: str


def edge_scope(asset: str, partition: str, version: str) -> str:
    """A table partition has the edges of its last version; a checkpoint keeps its own for ever."""
    return scope(asset, partition) + (f"@{version}" if ASSETS[asset].is_checkpoint else "")


def record_edges(lake: Lake, asset: str, partition: str, version: str, edges: Sequence[Edge]) -> None:
    """Replace the artifact's edges. A blocked video is named by its block key."""
    blocked = {key: lake.block_keys([key])[0] for key in lake.blocklist().among(e.video_key for e in edges)}
    edges = [replace(e, video_key=blocked.get(e.video_key or "", e.video_key)) for e in edges]
    rows = pl.DataFrame([asdict(e) for e in edges], schema={k: TABLES["lineage_edges"].columns[k] for k in _FIELDS})
    rows = rows.with_columns(asset=pl.lit(asset), partition=pl.lit(partition), version=pl.lit(version))
    where = edge_scope(asset, partition, version)
    lake.write_unless_empty("lineage_edges", where, rows)
    if late := lake.blocklist().among(e.video_key for e in edges):  # asked for since: written again, history purged
        record_edges(lake, asset, partition, version, edges)
        lake.purge_rows("lineage_edges", f"scope IN {literals([where])} AND video_key IN {literals(late)}")


_FIELDS = tuple(Edge.__dataclass_fields__)


def came_from(lake: Lake, *video_keys: str) -> list[Artifact]:
    """Everything the videos are in or that a checkpoint trained on them made: breadth first over the edges.

    A table passes a video on only by its own rows (each reader has an edge of its own for the video); a checkpoint
    that saw the video taints whatever was made with it, all rows of it, and so on downwards. A video that was erased
    is still known to the edges, by its block key.
    """
    edges = lake.read("lineage_edges")
    artifact = ("asset", "partition", "version")
    known = [*video_keys, *lake.block_keys(video_keys)]
    own = edges.filter(pl.col("video_key").is_in(known)).group_by(artifact).agg(pl.sum("rows")).collect()
    rows = {(a, p, v): n for a, p, v, n in own.iter_rows()}
    through: dict[tuple[str, str, str], str] = {}
    frontier = [(key, key[2]) for key in rows if ASSETS[key[0]].is_checkpoint]
    if frontier:
        inputs = ("input_asset", "input_partition", "input_version")
        readers = edges.group_by(*inputs, *artifact).agg(pl.sum("rows")).collect()
    while frontier:
        (asset, partition, version), checkpoint = frontier.pop()
        made_with = readers.filter(
            (pl.col("input_asset") == asset)
            & (pl.col("input_partition") == partition)
            & (pl.col("input_version") == version)
        )
        for row in made_with.iter_rows(named=True):
            key = (row["asset"], row["partition"], row["version"])
            if key not in through:
                through[key] = checkpoint
                rows[key] = max(rows.get(key, 0), row["rows"])
                frontier.append((key, key[2] if ASSETS[key[0]].is_checkpoint else checkpoint))
    order = list(ASSETS)
    found = [Artifact(*key, count, through.get(key, "rows")) for key, count in rows.items()]
    return sorted(found, key=lambda a: (order.index(a.asset), a.partition, a.version))


def made_from(lake: Lake, version: str) -> pl.DataFrame:
    """What one artifact version read: rows by input and video."""
    rows = lake.read("lineage_edges").filter(pl.col("version") == version).collect()
    return rows.select("asset", "partition", "input_asset", "input_partition", "input_version", "video_key", "rows")
