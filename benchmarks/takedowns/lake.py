"""A lake as large as need be, for measuring takedowns: real rows in the shard that is touched, links in the others.

Two shards' labels are really written. The other shards are hard links to the second one's file, committed like any
other, so that a lake of ten times the videos has ten times the files and bytes and takes no longer to make. Their rows
name the second shard's videos; no takedown here asks for those. All other tables are written in full.
"""

import os
import secrets
from pathlib import Path

import numpy as np
import polars as pl
from deltalake.transaction import AddAction, RemoveAction

from nitro_assets.identity import shard_names
from nitro_assets.lake.delta import delta
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_ml.core.actions import BUTTONS, STICKS

MIXTURE = "ground_truth_and_pseudo"


def settings(home: Path, shards: int, url: str = "") -> Settings:
    """A lake of its own under `home`, or at `url`."""
    return Settings(
        lake=url or str(home / "lake"),
        nitrogen=str(home / "nitrogen"),
        cache=str(home / "cache"),
        secret_file=home / "secret",
        inbox=home / "inbox",
        exports=home / "exports",
        corpus_shards=shards,
    )


def build(home: Path, shards: int, videos: int, frames: int, url: str = "") -> tuple[Lake, list[str]]:
    """A lake of `shards` x `videos` videos of `frames` frames; and the videos of the first shard."""
    lake = Lake(settings(home, shards, url))
    keys = {
        shard: [f"{n * shards + i:012x}{secrets.token_hex(10)}" for n in range(videos)]
        for i, shard in enumerate(shard_names(shards))
    }
    names = list(keys)
    for shard in names[:2]:
        lake.write("pseudo_labels", shard, (_labels(keys[shard][i : i + 250], frames) for i in range(0, videos, 250)))
    _link(lake, names[1], names[2:])
    for shard, mine in keys.items():
        lake.write("video_index", shard, rows("video_index", mine, {"game": "pong", "keep": True}))
        segments = [key for key in mine for _ in range(4)]
        lake.write("label_segments", shard, rows("label_segments", segments, {"keep": True, "reason": "play"}))
        edges = {"asset": "pseudo_labels", "partition": shard, "version": "1", "input_asset": "video_index", "rows": 1}
        lake.write("lineage_edges", f"pseudo_labels:{shard}", rows("lineage_edges", mine, edges))
    everything = [key for mine in keys.values() for key in mine]
    lake.write("training_mixture", MIXTURE, rows("training_mixture", everything * 4, {"origin": "pseudo"}))
    edges = {
        "asset": "training_mixture",
        "partition": MIXTURE,
        "version": "1",
        "input_asset": "label_segments",
        "rows": 4,
    }
    lake.write("lineage_edges", f"training_mixture:{MIXTURE}", rows("lineage_edges", everything, edges))
    return lake, keys[names[0]]


def rows(table: str, keys: list[str], values: dict[str, object]) -> pl.DataFrame:
    """Rows of these videos with these values; nulls elsewhere."""
    columns = {name: kind for name, kind in TABLES[table].columns.items() if name != TABLES[table].partition}
    known = {"video_key": pl.Series(keys)} | {name: pl.lit(value) for name, value in values.items()}
    frame = pl.DataFrame({"video_key": known.pop("video_key")})
    return frame.with_columns(
        known.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in columns.items() if name != "video_key"
    )


def _labels(keys: list[str], frames: int) -> pl.DataFrame:
    """Rows of whole videos: buttons mostly up, sticks that drift."""
    rng, count = np.random.default_rng(len(keys)), len(keys) * frames
    found = pl.DataFrame(
        {
            "video_key": pl.Series(keys).gather(np.repeat(np.arange(len(keys)), frames)),
            "frame": np.tile(np.arange(frames, dtype=np.int32), len(keys)),
            "time": np.tile(np.arange(frames, dtype=np.float32) / 30, len(keys)),
            **{b: (rng.random(count, np.float32) ** 20 * 255).astype(np.int16) for b in BUTTONS},
            **{s: rng.integers(-20, 20, count, np.int16) for s in STICKS},
            "confidence": rng.integers(200, 255, count, np.int16),
            "checkpoint": pl.Series(["c" * 32]).gather(np.zeros(count, np.int64)),
        }
    )
    others = {n: t for n, t in TABLES["pseudo_labels"].columns.items() if n not in (*found.columns, "corpus_shard")}
    return found.with_columns(pl.lit(None).cast(kind).alias(name) for name, kind in others.items())


def _link(lake: Lake, template: str, shards: list[str]) -> None:
    """Give each shard the template's files."""
    if not shards:
        return
    root = Path(lake.root, "tables/pseudo_labels")
    files = lake.files("pseudo_labels").filter(partition=template)
    added: list[AddAction | RemoveAction] = []
    for shard in shards:
        folder = root / f"corpus_shard={shard}"
        folder.mkdir()
        for row in files.iter_rows(named=True):
            name = f"{shard}-{Path(row['uri']).name}"
            os.link(row["uri"], folder / name)
            path = f"corpus_shard={shard}/{name}"
            stats = f'{{"numRecords": {row["all_rows"]}}}'
            added.append(AddAction(path, row["bytes"], {"corpus_shard": shard}, 0, True, stats))
    table = delta.table(lake.uri("pseudo_labels"))
    table.create_write_transaction(added, "append", table.schema(), ["corpus_shard"])
