"""Every leak that a takedown has been seen to leave: planted, erased, and found again once its closing step is out."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.erase import steps
from nitro_assets.takedown.erase.run import needles
from nitro_assets.takedown.erase.steps import Erasure, Step
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.plan.plan import make_plan
from nitro_assets.takedown.requests import find
from nitro_assets.takedown.scan.scan import Scan
from nitro_assets.takedown.scan.targets import look
from nitro_assets.takedown.sealed import add_needles, sealed_path
from tests.assets import leaks
from tests.assets.leaks import CANARY, OTHER, TITLE
from tests.assets.small_world import address, key


@dataclass(frozen=True)
class Leak:
    """How a canary gets there, which step closes it, and whether it lies in Dagster's records."""

    name: str
    closed_by: Step
    plant: Callable[..., None]
    in_dagster: bool = False


def nothing(lake: Lake, settings: Settings) -> None:
    """The live rows are there in any case."""


LEAKS = [
    Leak("live rows", steps.delete_rows, nothing),
    Leak("the delete's own predicate in the log", steps.clean_log, nothing),
    Leak("the predicate, in the log entry at the checkpoint's version", steps.harmless_commit, nothing),
    Leak("log entries and checkpoints younger than the retention", steps.shorten_retention, nothing),
    Leak("statistics in old log entries", steps.clean_log, leaks.statistics),
    Leak("old checkpoints", steps.checkpoint, leaks.old_checkpoint),
    Leak("old files, to which restore() goes back", steps.vacuum, nothing),
    Leak("files that no log entry knows any more", steps.vacuum, leaks.forgotten_file),
    Leak("change feed", steps.vacuum, leaks.change_feed),
    Leak("folders named after a partition's value", steps.remove_empty_folders, leaks.raw_partition),
    Leak("compacted log", steps.unlink_leftovers, leaks.log_leftover(f"{0:020d}.{9:020d}.compacted.json")),
    Leak("checksums of the log", steps.unlink_leftovers, leaks.log_leftover(f"{0:020d}.crc")),
    Leak("commits cut off", steps.unlink_leftovers, leaks.log_leftover("_commit_c0ffee.json.tmp")),
    Leak("lineage edges", steps.rename_edges, leaks.edges),
    Leak("bytes of a model", steps.destroy_checkpoints, leaks.model_bytes),
    Leak("clips in the cache", steps.erase_clips, leaks.clips),
    Leak("half a download in the cache", steps.erase_clips, leaks.half_a_download),
    Leak("staged label files", steps.erase_staged, leaks.staged_file),
    Leak("a download left by a killed worker", steps.erase_temporary, leaks.left_download),
    Leak("a model stopped half way in its training", steps.destroy_half_trained, leaks.half_trained),
    Leak("NitroGen shard, folder", steps.erase_shards, leaks.shard_folder),
    Leak("NitroGen shard, archive", steps.erase_shards, leaks.shard_archive),
    Leak("exported labels", steps.erase_exports, leaks.export_table),
    Leak("reports", steps.erase_exports, leaks.export("report.md", f"| {TITLE} | 7 |")),
    Leak("plots and GIFs named after a model", steps.erase_exports, leaks.export(f"{CANARY[:11]}.gif", "GIF89a")),
    Leak("a request's own file", steps.erase_asked, leaks.inbox),
    Leak("run tags", steps.delete_runs, leaks.run_tags, in_dagster=True),
    Leak("event logs", steps.delete_runs, leaks.events, in_dagster=True),
    Leak("compute logs", steps.delete_runs, leaks.compute_logs, in_dagster=True),
    Leak("sensor cursors", steps.clear_cursors, leaks.cursor, in_dagster=True),
    Leak("sensor ticks", steps.purge_ticks, leaks.tick, in_dagster=True),
    Leak("dynamic partitions", steps.delete_partitions, leaks.dynamic_partition, in_dagster=True),
    Leak("an asset's last materialisation", steps.wipe_assets, leaks.asset_metadata, in_dagster=True),
    Leak("events without a run", steps.sweep_databases, leaks.asset_metadata, in_dagster=True),
    Leak("Dagster's own log files", steps.remove_logs, leaks.other_logs, in_dagster=True),
    Leak("what daemons remember", steps.sweep_databases, leaks.key_value, in_dagster=True),
    Leak("free pages of a database", steps.compact_databases, leaks.free_pages, in_dagster=True),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Dagster home with its databases made, which takes seconds; each test copies it."""
    home = tmp_path_factory.mktemp("template")
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        instance.add_dynamic_partitions("made", ["x"])
        instance.get_runs()
        instance.all_instigator_state()
    return home


@pytest.fixture
def instance(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    home = tmp_path / "dagster"
    shutil.copytree(template, home)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.local_temp(str(home)) as made:
        yield made


def carried_out(lake: Lake, settings: Settings, leak: Leak, instance: dg.DagsterInstance | None) -> Erasure:
    if leak.in_dagster:
        leak.plant(instance, settings)
    else:
        leaks.live_rows(lake, settings)
        leak.plant(lake, settings)
    asked = request(lake, settings, [address(CANARY)], "mine")
    add_needles(lake, asked.id, {TITLE, CANARY[:11]})
    asked = find(lake, asked.id)
    return Erasure(lake, settings, asked, make_plan(lake, settings, asked), instance)


def scanned(job: Erasure) -> Scan:
    return look(job.settings, needles(job.request), [sealed_path(job.lake, job.request.id)], ())


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_each_leak_is_closed_by_its_step_and_by_no_other(
    lake: Lake, settings: Settings, leak: Leak, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = request.getfixturevalue("instance") if leak.in_dagster else None
    job = carried_out(lake, settings, leak, instance)
    mine = steps.IN_DAGSTER if leak.in_dagster else (*steps.FILES, *steps.IN_TABLES)
    for step in mine:
        if step is not leak.closed_by:
            step(job)
    assert not scanned(job).clean, "without its closing step the canary is found"
    for step in mine:
        step(job)
    left = scanned(job)
    assert left.found == [], "and with it, on a second go, it is gone"
    if not leak.in_dagster:
        assert set(lake.stored("video_index").collect()["video_key"]) == {key(settings, OTHER)}
