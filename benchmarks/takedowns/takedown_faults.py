"""A takedown under fire: killed at every step, and run against writers of every other kind.

`killed` starts the erasure in a process of its own that is killed (SIGKILL) as soon as it has done a step's work and
not yet written that down, over and over, until it gets through; what is left must be what one that was never killed
leaves. `interleaved` lets a relabelling, a mixture build and a takedown go at the same time, with random waits.
"""

import multiprocessing
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from s3fs import S3FileSystem

from benchmarks.figures import Figure
from benchmarks.takedowns.lake import MIXTURE, build, rows, settings
from benchmarks.takedowns.takedown import ask
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import Edge, record_edges
from nitro_assets.settings import Settings
from nitro_assets.takedown.erase.journal import Journal
from nitro_assets.takedown.erase.run import PlanOutgrownError, execute
from nitro_assets.takedown.erase.steps import step_names
from nitro_assets.takedown.plan.plan import Plan, make_plan
from nitro_assets.takedown.requests import find
from tests.assets.services import s3

SHARD = "0000"


def run(quick: bool = False) -> list[Figure]:
    """Every step, on a disk and on S3, and 50 interleavings; `quick`: one step on a disk, and two."""
    with tempfile.TemporaryDirectory(prefix="nitro-bench-") as folder:
        steps = step_names(in_dagster=False)
        wrong = killed(Path(folder, "disk"), ["vacuum"] if quick else steps)
        in_bucket = [] if quick else [_killed_on_s3(Path(folder, "s3"), steps)]
        lost = [interleaved(Path(folder, f"lake {seed}"), seed) for seed in range(2 if quick else 50)]
    return [
        Figure("ends differing from an undisturbed one, killed at each step", float(wrong), "count", 0.0, "lower"),
        *[Figure("the same on S3, with versions", float(n), "count", 0.0, "lower") for n in in_bucket],
        Figure("interleavings after which the video was back", float(sum(b for b, _ in lost)), "count", 0.0, "lower"),
        Figure("interleavings that lost another row", float(sum(n for _, n in lost)), "count", 0.0, "lower"),
    ]


def killed(home: Path, steps: list[str], bucket: str = "") -> int:
    """Kill at each of the steps in turn; 1 where the end differs from that of an erasure left alone, else 0.

    bucket: where the lake is; on this disk without one.
    """
    ends = []
    for name, kill in (("alone", []), ("killed", steps)):
        url = bucket and f"{bucket}/{name}"
        where, (lake, mine) = settings(home / name, 2, url), build(home / name, 2, 4, 6, url)
        asked = ask(lake, [mine[1]])
        plan = make_plan(lake, where, asked).to_dict()
        for step in [*kill, ""]:
            child = multiprocessing.get_context("spawn").Process(target=_child, args=(where, asked.id, plan, step))
            child.start()
            child.join()
            assert child.exitcode == (-signal.SIGKILL if step else 0), f"{step}: ended with {child.exitcode}"
        ends.append(_state(lake, mine))
    return int(ends[0] != ends[1] or mine[1] in ends[1])


def _killed_on_s3(home: Path, steps: list[str]) -> int:
    with s3():
        versioning = {"Status": "Enabled"}
        S3FileSystem().call_s3("put_bucket_versioning", Bucket="bucket", VersioningConfiguration=versioning)
        return killed(home, steps, "s3://bucket")


def _child(where: Settings, request: str, fields: dict[str, Any], kill: str) -> None:
    """Run the erasure; die where the step `kill` is about to be written down."""
    written = Journal.write

    def write(self: Journal, number: int, name: str, entry: Mapping[str, Any]) -> None:
        if name == kill:
            os.kill(os.getpid(), signal.SIGKILL)
        written(self, number, name, entry)

    Journal.write = write  # type: ignore[method-assign]
    lake = Lake(where)
    execute(lake, where, find(lake, request), Plan.from_dict(fields))


def _state(lake: Lake, mine: list[str]) -> str:
    """What is left, by table: places of the videos in the first shard, rows, and the files' number and kind."""
    numbers = {key: str(n) for n, key in enumerate(mine)}
    found = []
    for table in ("pseudo_labels", "video_index", "label_segments", "training_mixture"):
        counts = lake.stored(table).group_by("video_key").len().collect()
        found.append((table, sorted((numbers.get(k, k if k in mine else "other"), n) for k, n in counts.iter_rows())))
        names = [Path(p).suffix for p in lake.fs.find(f"{lake.root}/tables/{table}")]
        found.append((table, sorted((suffix, names.count(suffix)) for suffix in set(names))))
    return repr(found)


def interleaved(home: Path, seed: int) -> tuple[bool, bool]:
    """Whether the video came back, and whether another row was lost, after all three have ended."""
    lake, mine = build(home, 2, 3, 4)
    victim, rng = mine[seed % len(mine)], random.Random(seed)
    before = {t: _others(lake, t, victim) for t in ("pseudo_labels", "training_mixture")}

    def relabel() -> None:
        old = lake.stored("pseudo_labels").filter(corpus_shard=SHARD).drop("corpus_shard").collect()
        pause(rng)
        lake.write("pseudo_labels", SHARD, old)
        pause(rng)
        record_edges(lake, "pseudo_labels", SHARD, "2", [Edge("video_index", SHARD, "1", k, 4) for k in mine])

    def mix() -> None:
        everything = lake.stored("training_mixture").collect()["video_key"].to_list()
        pause(rng)
        lake.write("training_mixture", MIXTURE, rows("training_mixture", everything, {"origin": "pseudo"}))

    def take_down() -> None:
        asked = ask(lake, [victim])
        pause(rng)
        while True:
            try:
                execute(lake, of(lake), asked, make_plan(lake, of(lake), asked))
                return
            except PlanOutgrownError:  # a writer that began before the request has just committed: planned again
                pause(rng)

    threads = [threading.Thread(target=_until_done, args=(work,)) for work in (relabel, mix, take_down)]
    rng.shuffle(threads)
    for thread in threads:
        thread.start()
        pause(rng)
    for thread in threads:
        thread.join()
    back = any(victim in set(lake.stored(t).collect()["video_key"]) for t in (*before, "lineage_edges"))
    return back, any(_others(lake, t, victim) != counts for t, counts in before.items())


def _until_done(work: Callable[[], None]) -> None:
    """As Dagster would: a reader whose files were vacuumed under it is run again."""
    for _ in range(5):
        try:
            return work()
        except (OSError, pl.exceptions.PolarsError):
            time.sleep(0.05)
    raise RuntimeError("failed five times")


def _others(lake: Lake, table: str, victim: str) -> list[tuple[str, int]]:
    counts = lake.stored(table).filter(pl.col("video_key") != victim).group_by("video_key").len().collect()
    return sorted(counts.iter_rows())


def pause(rng: random.Random) -> None:
    time.sleep(rng.random() * 0.2)


def of(lake: Lake) -> Settings:
    """The settings of a benchmark's lake."""
    return settings(Path(lake.root).parent, lake.corpus_shards)
