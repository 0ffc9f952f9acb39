"""How long the decision takes what is stale, at 10,000, 100,000 and 1 million videos, 1,000 a shard, one shard changed;
and the plan of a night after a new IDM was promoted, which makes all of them stale."""

import tempfile
import time
from pathlib import Path

import polars as pl

from benchmarks.figures import Figure
from benchmarks.labelling.corpus import settings, write
from nitro_assets.assets import ASSETS
from nitro_assets.fingerprint import digest
from nitro_assets.identity import shard_names
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.backlog import explained, plan
from nitro_assets.lineage.edges import Edge, record_edges
from nitro_assets.lineage.state import Record, State
from nitro_assets.lineage.status import statuses
from nitro_assets.settings import Settings

GOAL = 2.0
"""Seconds."""


def stale(quick: bool) -> list[Figure]:
    """Seconds for each number of videos; checks on the way that exactly the changed shard is found."""
    a_shard = 10 if quick else 1000
    found = []
    for shards in (2, 3) if quick else (10, 100, 1000):
        with tempfile.TemporaryDirectory(prefix="nitro-bench-") as folder:
            Path(folder, "nitrogen", "actions", "SHARD_0000").mkdir(parents=True)
            here = settings(Path(folder), shards)
            lake = _lake(here, a_shard)
            videos = shards * a_shard
            found.append(Figure(f"deciding what is stale, {videos} videos", _decide(lake, here), "s", GOAL, "lower"))
            Checkpoints(lake).set("b" * 32, "idm_checkpoint", "window", "promoted", "newer")
            Checkpoints(lake).change("a" * 32, "retired", "older")
            started = time.perf_counter()
            plan(State(lake, here), hours=8)
            name = f"planning a night, {videos} videos to label again"
            found.append(Figure(name, time.perf_counter() - started, "s", better="lower"))
    return found


def _lake(here: Settings, a_shard: int) -> Lake:
    """Everything labelled and fresh, but for one video that is new in the first shard."""
    lake = Lake(here)
    Checkpoints(lake).set("a" * 32, "idm_checkpoint", "window", "promoted", "for the benchmark")
    for number, shard in enumerate(shard_names(here.corpus_shards)):
        keys = [f"{number:016x}{n:016x}" for n in range(a_shard)]
        new = ["f" * 32] if number == 0 else []
        rows = pl.DataFrame({"video_key": keys + new}).with_columns(
            game=pl.lit("freeway"), keep=pl.lit(True), duration=pl.lit(3600.0), fps=pl.lit(30.0)
        )
        write(lake, "video_index", shard, rows)
        state = State(lake, here)
        state.record(Record("video_index", shard, "", {}, "old", len(keys)))
        labels = ASSETS["pseudo_labels"]
        components = state.input_versions(labels, shard)
        record_edges(lake, labels.name, shard, "v", [Edge("video_index", shard, "old", key, 108_000) for key in keys])
        state.record(Record(labels.name, shard, digest(components), components, "v", 108_000 * len(keys)))
    State(lake, here).record(Record("video_index", shard_names(1)[0], "", {}, "new", a_shard + 1))
    return lake


def _decide(lake: Lake, here: Settings) -> float:
    started = time.perf_counter()
    state = State(lake, here)
    found = [s for s in explained(state, statuses(state)) if s.asset == "pseudo_labels" and s.verdict == "stale"]
    taken = time.perf_counter() - started
    told = [(s.partition, s.why) for s in found]
    if told != [("0000", "video_index/0000 changed: 1 new video")]:
        raise AssertionError(f"stale are {told}; it should be shard 0000 alone, for one new video.")
    return taken
