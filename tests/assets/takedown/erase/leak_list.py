"""The leaks, each with the step that closes it. A store whose step is none of these fails test_takedown_leaks.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from tests.assets.takedown.erase import leaks, leaks_dagster
from tests.assets.takedown.erase.leaks import CANARY, TITLE


@dataclass(frozen=True)
class Leak:
    """How a canary gets there, and the step that closes it.

    plant: called with the lake and the settings; for a step in Dagster's records with its instance and the settings;
    left: what shows it, where the scanner does not; in_bucket: the lake is in a versioned bucket.
    """

    name: str
    closed_by: str
    plant: Callable[..., None]
    left: Callable[[Lake], Sequence[object]] | None = None
    in_bucket: bool = False


def nothing(lake: Lake, settings: Settings) -> None:
    """The live rows are there in any case."""


LEAKS = [
    Leak("live rows", "delete_rows", nothing),
    Leak("the delete's own predicate in the log", "clean_log", nothing),
    Leak("the predicate, in the log entry at the checkpoint's version", "harmless_commit", nothing),
    Leak("log entries and checkpoints younger than the retention", "shorten_retention", nothing),
    Leak("statistics in old log entries", "clean_log", leaks.statistics),
    Leak("old checkpoints", "checkpoint", leaks.old_checkpoint),
    Leak("old files, to which restore() goes back", "vacuum", nothing),
    Leak("files that no log entry knows any more", "vacuum", leaks.forgotten_file),
    Leak("change feed", "vacuum", leaks.change_feed),
    Leak("folders named after a partition's value", "remove_empty_folders", leaks.raw_partition),
    Leak("compacted log", "unlink_leftovers", leaks.log_leftover(f"{0:020d}.{9:020d}.compacted.json")),
    Leak("checksums of the log", "unlink_leftovers", leaks.log_leftover(f"{0:020d}.crc")),
    Leak("commits cut off", "unlink_leftovers", leaks.log_leftover("_commit_c0ffee.json.tmp")),
    Leak("lineage edges", "rename_edges", leaks.edges),
    Leak("bytes of a model", "destroy_checkpoints", leaks.model_bytes),
    Leak("a copy of a model on this machine", "destroy_checkpoints", leaks.copied_model, leaks.model_copies),
    Leak("clips in the cache", "erase_clips", leaks.clips),
    Leak("half a download in the cache", "erase_clips", leaks.half_a_download),
    Leak("staged label files", "erase_staged", leaks.staged_file),
    Leak("a download left by a killed worker", "erase_temporary", leaks.left_download),
    Leak("a shard's metadata left by a killed reader", "erase_temporary", leaks.left_metadata),
    Leak("a model stopped half way in its training", "destroy_half_trained", leaks.half_trained),
    Leak("NitroGen shard, folder", "erase_shards", leaks.shard_folder),
    Leak("NitroGen shard, archive", "erase_shards", leaks.shard_archive),
    Leak("exported labels", "erase_exports", leaks.export_table),
    Leak("reports", "erase_exports", leaks.export("report.md", f"| {TITLE} | 7 |")),
    Leak("plots and GIFs named after a model", "erase_exports", leaks.export(f"{CANARY[:11]}.gif", "GIF89a")),
    Leak("a request's own file", "erase_asked", leaks.inbox),
    Leak("run tags", "delete_runs", leaks_dagster.run_tags),
    Leak("event logs", "delete_runs", leaks_dagster.events),
    Leak("compute logs", "delete_runs", leaks_dagster.compute_logs),
    Leak("sensor cursors", "clear_cursors", leaks_dagster.cursor),
    Leak("sensor ticks", "purge_ticks", leaks_dagster.tick),
    Leak("dynamic partitions", "delete_partitions", leaks_dagster.dynamic_partition),
    Leak("an asset's last materialisation", "wipe_assets", leaks_dagster.asset_metadata),
    Leak("events without a run", "sweep_databases", leaks_dagster.asset_metadata),
    Leak("Dagster's own log files", "remove_logs", leaks_dagster.other_logs),
    Leak("what daemons remember", "sweep_databases", leaks_dagster.key_value),
    Leak("free pages of a database", "compact_databases", leaks_dagster.free_pages),
    Leak("a table that forgets its history at once", "restore_retention", nothing, leaks.short_retention),
    Leak("clips in a versioned bucket", "erase_clips", leaks.clips_of_a_bucket, leaks.clips_left, True),
    Leak("noncurrent versions in a bucket", "purge_object_versions", leaks.object_versions, leaks.noncurrent, True),
]
