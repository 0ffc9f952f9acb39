"""The plan that is executed, killed at every step, on disk and on S3 with versions; and against other writers."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import s3fs

from benchmarks.takedowns import takedown, takedown_faults
from benchmarks.takedowns.takedown import ask
from nitro_assets.lake.delta.table_lock import table_lock
from nitro_assets.lake.files.cache import ClipCache
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.erase.journal import Journal
from nitro_assets.takedown.erase.run import PlanOutgrownError, carry_out, execute
from nitro_assets.takedown.erase.steps import step_names
from nitro_assets.takedown.plan.page import page
from nitro_assets.takedown.plan.plan import Plan, make_plan
from nitro_assets.takedown.requests import Request, TakedownError, find
from tests.assets.lake.test_cache import FRAMES, TIMES
from tests.assets.small_world import key
from tests.assets.takedown.erase import leaks

LANDED = """
identify destroy_checkpoints erase_clips erase_staged erase_temporary destroy_half_trained erase_shards erase_exports
erase_asked shorten_retention delete_rows rename_edges withhold vacuum harmless_commit checkpoint clean_log
unlink_leftovers remove_empty_folders restore_retention delete_runs clear_cursors purge_ticks delete_partitions
wipe_assets remove_logs sweep_databases compact_databases purge_object_versions
"""
"""The steps before there were stores, in their order: old journals hold them."""


class Killed(BaseException):
    """Stands for SIGKILL where a process for each step would take minutes (the benchmark `takedown_faults`)."""


def killed_at_every_step(lake: Lake, settings: Settings, asked: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    """Die after each step's work, before it is written down; then start again from nothing but what is on disk."""
    plan, written = make_plan(lake, settings, asked).to_dict(), Journal.write
    seen: set[str] = set()

    def write(self: Journal, number: int, name: str, entry: Mapping[str, Any]) -> None:
        if name not in seen:
            seen.add(name)
            raise Killed
        written(self, number, name, entry)

    monkeypatch.setattr(Journal, "write", write)
    for _ in range(len(step_names()) + 1):
        try:
            done = execute(Lake(settings), settings, find(Lake(settings), asked.id), Plan.from_dict(plan))
        except Killed:
            continue
        assert done.clean, done.found
        assert seen == set(done.steps)
        return
    pytest.fail("it never got through")


def world(lake: Lake, settings: Settings) -> Request:
    leaks.live_rows(lake, settings)
    leaks.live_rows(lake, settings)
    leaks.edges(lake, settings)
    ClipCache(settings.cache).put(8, key(settings, leaks.CANARY), "x", FRAMES, TIMES)
    return ask(lake, [key(settings, leaks.CANARY)])


def keys_in(lake: Lake, table: str) -> list[str]:
    return lake.stored(table).collect()["video_key"].to_list()


def test_killed_after_every_step_on_disk(lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, other = world(lake, settings), key(settings, leaks.OTHER)
    before = lake.stored("video_index").filter(video_key=other).collect()
    killed_at_every_step(lake, settings, asked, monkeypatch)
    assert lake.stored("video_index").collect().equals(before), "the other video's rows, as they were"
    assert keys_in(lake, "pseudo_labels") == [other]
    assert set(keys_in(lake, "lineage_edges")) == {other, *lake.block_keys([key(settings, leaks.CANARY)])}


def test_killed_after_every_step_on_s3(on_s3: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    fs = s3fs.S3FileSystem()
    fs.call_s3("put_bucket_versioning", Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    lake = Lake(on_s3)
    asked, other = world(lake, on_s3), key(on_s3, leaks.OTHER)
    killed_at_every_step(lake, on_s3, asked, monkeypatch)
    assert keys_in(lake, "video_index") == keys_in(lake, "pseudo_labels") == [other]
    found = fs.call_s3("list_object_versions", Bucket="bucket", Prefix=lake.root.partition("/")[2])
    old = [v["Key"] for v in found.get("Versions", []) if not v["IsLatest"]] + found.get("DeleteMarkers", [])
    assert not [k for k in old if "/tables/" in k or "/requests/" in k], "noncurrent versions are gone as well"


def test_a_plan_is_canonical_and_refuses_a_lake_that_moved_on(lake: Lake, settings: Settings) -> None:
    asked = world(lake, settings)
    plan = make_plan(lake, settings, asked)
    assert Plan.from_dict(plan.to_dict()).hash == plan.hash == make_plan(lake, settings, asked).hash
    assert {h.table for h in plan.holdings} == {"video_index", "pseudo_labels"}
    assert (plan.rows, plan.clips, plan.checkpoints) == (2, 1, (leaks.MODEL,))
    assert key(settings, leaks.CANARY) not in str(plan.to_dict())
    drawn = page(plan)
    assert "<svg" in drawn
    assert plan.hash in drawn
    # A writer that opened before and commits after: it never asks the blocklist.
    monkey = lake.blocklist
    lake.blocklist = lambda: type(monkey())(b"", frozenset())  # type: ignore[method-assign]
    leaks.staged_file(lake, settings)
    lake.write("rejects", "late", leaks.fit("rejects", [{"video_key": key(settings, leaks.CANARY)}]))
    lake.blocklist = monkey  # type: ignore[method-assign]
    with pytest.raises(PlanOutgrownError, match=r"rejects/late.*takedown plan"):
        execute(lake, settings, asked, plan)
    assert key(settings, leaks.CANARY) in keys_in(lake, "video_index"), "nothing was touched"
    assert execute(lake, settings, asked, make_plan(lake, settings, asked)).clean
    with pytest.raises(TakedownError, match="identifiers are gone"):
        make_plan(lake, settings, find(lake, asked.id))


def test_plans_and_journals_of_before_the_stores_are_read(lake: Lake, settings: Settings) -> None:
    """Their steps have the same names, `withhold` after the rows; a plan without `elsewhere` keeps its hash."""
    landed = LANDED.split()
    assert set(step_names()) == set(landed)
    asked = world(lake, settings)
    plan = make_plan(lake, settings, asked)
    fields = plan.to_dict()
    assert "elsewhere" not in fields
    assert replace(plan, elsewhere={"notes": 1}).hash != plan.hash
    assert Plan.from_dict(replace(plan, elsewhere={"notes": 1}).to_dict()).elsewhere == {"notes": 1}
    journal, told = Journal(lake, asked.id, plan.hash), list[str]()
    for number, name in enumerate(landed[:12], 1):
        journal.step(number, name, dict)
    done = carry_out(lake, settings, asked, Plan.from_dict(fields), tell=lambda part, said: told.append(said))
    assert [said.split(": ")[1] for said in told][:3] == ["withhold", "vacuum", "harmless commit"]
    assert set(done) == set(step_names(in_dagster=False))


def test_a_writer_that_opened_before_the_request_leaves_no_byte(lake: Lake, settings: Settings) -> None:
    canary, other = leaks.ids(settings)
    shard = leaks.canary_shard(settings)

    def rows() -> Iterator[Any]:
        yield leaks.fit("pseudo_labels", [{"video_key": canary}, {"video_key": other}])
        ask(lake, [canary])

    lake.write("pseudo_labels", shard, rows())
    assert keys_in(lake, "pseudo_labels") == [other]
    table = Path(lake.root, "tables/pseudo_labels")
    assert len(list(table.rglob("part-*.parquet"))) == 1, "its file is gone, not only its row"
    assert not any(canary in path.read_text() for path in table.rglob("*.json"))


def test_an_erasure_waits_for_a_writer(lake: Lake) -> None:
    alone = threading.Event()

    def erase() -> None:
        with table_lock(lake.url, "rejects", alone=True):
            alone.set()

    with table_lock(lake.url, "rejects"), table_lock(lake.url, "rejects"):
        thread = threading.Thread(target=erase)
        thread.start()
        assert not alone.wait(0.2)
    assert alone.wait(20)
    thread.join()


def test_benchmarks_run() -> None:
    figures = {f.name: f for f in takedown_faults.run(quick=True)}
    assert all(f.met for f in figures.values()), figures
    assert len(takedown.run(quick=True)) == 9
