"""Making rows physically gone from a Delta table: out of the files, out of the history, out of the log.

A delete only writes new files and a note that the old ones no longer count; the note itself names what was deleted.
The steps here, in order, leave nothing of it (tests/assets/takedown/erase/test_takedown_leaks.py takes each out and
finds what stays). They cost the table its history. Each may be repeated, so that a killed erasure starts again at the
step it was in.
"""

import os
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
from deltalake import CommitProperties, WriterProperties

from nitro_assets.lake.delta import delta

DELTA_DEFAULTS = {
    "delta.logRetentionDuration": "interval 30 days",
    "delta.deletedFileRetentionDuration": "interval 1 week",
}
COMMITS = CommitProperties(max_commit_retries=30)
LOG_FILE = re.compile(r"\d{20}\.(json|checkpoint(\.\d+)*(\.[0-9a-f-]{36})?\.parquet)|_last_checkpoint")
CLOCK_STEP = 1.1
"""Seconds: log files are cleaned by their time of change, which object stores keep in whole seconds."""


def literals(values: Iterable[str]) -> str:
    """`('a', 'b')` for SQL's IN."""
    return "(" + ", ".join("'" + value.replace("'", "''") + "'" for value in sorted(values)) + ")"


@dataclass(frozen=True)
class Purge:
    """The erasure of one table at `uri`, which is the folder `path` of `fs`."""

    fs: fsspec.AbstractFileSystem
    path: str
    uri: str

    @property
    def exists(self) -> bool:
        return delta.exists(self.uri)

    def shorten_retention(self) -> None:
        """Let log and files go at once: what is younger than the retention would be kept."""
        self._set(dict.fromkeys(DELTA_DEFAULTS, "interval 0 days"))

    def delete_rows(self, predicate: str, writer: WriterProperties) -> int:
        """Rewrite the files that hold matching rows, and no other; the number of rows deleted."""
        done = delta.table(self.uri).delete(predicate, writer_properties=writer, commit_properties=COMMITS)
        return int(done["num_deleted_rows"])

    def rename(self, column: str, new: Mapping[str, str], scopes: Iterable[str], writer: WriterProperties) -> int:
        """Give a column's values new ones, in rows of the `scopes` only; the log keeps the condition, no value."""
        done = (
            delta.table(self.uri)
            .merge(
                pl.DataFrame({"old": list(new), "new": list(new.values())}),
                f"t.scope IN {literals(scopes)} AND t.{column} = s.old",
                source_alias="s",
                target_alias="t",
                writer_properties=writer,
                commit_properties=COMMITS,
            )
            .when_matched_update({column: "s.new"})
            .execute()
        )
        return int(done["num_target_rows_updated"])

    def vacuum(self) -> int:
        """Remove every file that isn't live, change feed and forgotten ones included; their number.

        deltalake says which (a full listing), and the files are removed here: a commit about it isn't needed.
        """
        table = delta.table(self.uri)
        files = table.vacuum(0, dry_run=True, enforce_retention_duration=False, full=True)
        return self._remove(f"{self.path}/{file}" for file in files)

    def harmless_commit(self) -> None:
        """A commit that names nothing: the checkpoint keeps the last version's own entry in the log."""
        self._set({"delta.deletedFileRetentionDuration": "interval 0 days"})

    def checkpoint(self) -> None:
        """Sum the log up, so that what came before may go."""
        delta.table(self.uri).create_checkpoint()

    def clean_log(self) -> None:
        """Remove the log entries and checkpoints before the last checkpoint.

        Only what is over a second old goes: on a disk the files are dated back, in an object store one has to wait.
        """
        if "file" in self.fs.protocol:
            for info in self._log():
                os.utime(info["name"], (info["mtime"] - CLOCK_STEP, info["mtime"] - CLOCK_STEP))
        else:
            newest = max((info["LastModified"].timestamp() for info in self._log()), default=0.0)
            time.sleep(max(0.0, CLOCK_STEP - (time.time() - newest)))
        delta.table(self.uri).cleanup_metadata()

    def unlink_leftovers(self) -> int:
        """Remove what stays in the log's folder without being of it: compacted logs, checksums, commits cut off."""
        names = [info["name"] for info in self._log()]
        return self._remove(name for name in names if not LOG_FILE.fullmatch(name.rsplit("/", 1)[-1]))

    def remove_empty_folders(self) -> int:
        """Remove folders without files, whose names may be a partition's value. Object stores have none."""
        if "file" not in self.fs.protocol:
            return 0
        count = 0
        for folder in sorted(Path(self.path).rglob("*/"), key=lambda p: len(p.parts), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()
                count += 1
        return count

    def restore_retention(self) -> None:
        """Back to what Delta does by itself; done again, it leaves no second commit."""
        found = delta.table(self.uri).metadata().configuration
        if any(found.get(name) != value for name, value in DELTA_DEFAULTS.items()):
            self._set(DELTA_DEFAULTS)

    def all(self, predicate: str, writer: WriterProperties) -> int:
        """Every step in order; the number of rows deleted."""
        self.shorten_retention()
        count = self.delete_rows(predicate, writer)
        self.vacuum()
        self.harmless_commit()
        self.checkpoint()
        self.clean_log()
        self.unlink_leftovers()
        self.remove_empty_folders()
        self.restore_retention()
        purge_versions(self.fs, self.path)
        return count

    def _set(self, properties: dict[str, str]) -> None:
        delta.table(self.uri).alter.set_table_properties(properties, commit_properties=COMMITS)

    def _log(self) -> list[dict[str, Any]]:
        self.fs.invalidate_cache()
        found: list[dict[str, Any]] = self.fs.ls(f"{self.path}/_delta_log", detail=True)
        return [info for info in found if info["type"] == "file"]

    def _remove(self, paths: Iterable[str]) -> int:
        count = 0
        for path in paths:
            with suppress(FileNotFoundError):  # removed by a first try, which was killed before the log was cleaned
                self.fs.rm_file(path)
                count += 1
        return count


def purge_versions(fs: fsspec.AbstractFileSystem, path: str) -> int:
    """Remove for good what a versioned object store keeps under a path after it was deleted; the number of versions.

    Noncurrent versions, delete markers, and the parts of uploads that never ended. Nothing on a disk.
    """
    if "s3" not in fs.protocol:
        return 0
    bucket, _, prefix = path.partition("/")
    prefix, count = f"{prefix}/", 0
    page: dict[str, str] = {}
    while True:
        found = fs.call_s3("list_object_versions", Bucket=bucket, Prefix=prefix, **page)
        old = [v for v in found.get("Versions", []) if not v["IsLatest"]] + found.get("DeleteMarkers", [])
        if old:
            objects = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in old]
            fs.call_s3("delete_objects", Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        count += len(old)
        if not found.get("IsTruncated"):
            break
        page = {"KeyMarker": found["NextKeyMarker"], "VersionIdMarker": found.get("NextVersionIdMarker", "")}
    for upload in fs.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=prefix).get("Uploads", []):
        fs.call_s3("abort_multipart_upload", Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        count += 1
    return count
