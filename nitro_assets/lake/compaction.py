"""Small files made into few, and files that nobody needs any more removed.

Partitions come out of the door in files of a sensible size; deletions shrink them, and tables whose partitions share
files get a small one with each write. Merging changes no row and no version. It is one more writer of the table:
whoever commits first wins, and what is lost is merged another time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl
from deltalake.exceptions import CommitFailedError

from nitro_assets.lake.delta import delta
from nitro_assets.lake.delta.parquet_writer import FILE_SIZE, writer
from nitro_assets.lake.delta.table_lock import table_lock
from nitro_assets.lake.lease import is_held, leased
from nitro_assets.lake.schemas import TABLES, Table
from nitro_assets.lake.store import Lake

MANY = 8
"""Files; fewer are not worth a commit."""
SMALL = FILE_SIZE / 8
"""Mean bytes of the files on the disk, under which they are merged; the door's own have about four times as many."""
KEPT_HOURS = 7 * 24
"""Delta's own retention, whatever an erasure that was cut off has left in the table's settings: readers of an older
version keep their files, writers those not yet committed."""
TRIES = 3


@dataclass(frozen=True)
class Compacted:
    """What was done to one table: its live files and their bytes before and after, the files removed for good, and the
    partitions left for another time because somebody was at work there."""

    table: str
    files_before: int
    files: int
    bytes_before: int
    bytes: int
    removed: int
    busy: int


def compact(lake: Lake, name: str) -> Compacted:
    """Merge the small files of a table, then remove files that were replaced or abandoned over a week ago."""
    table, before = TABLES[name], lake.files(name)
    busy = sum(not _merge(lake, table, partition) for partition in crowded(before))
    with table_lock(lake.url, name):
        removed = _vacuum(lake, name) if before.height else 0
    after = lake.files(name)
    return Compacted(
        name, before.height, after.height, int(before["bytes"].sum()), int(after["bytes"].sum()), removed, busy
    )


def crowded(files: pl.DataFrame) -> list[str | None]:
    """The partitions with too many small files, of `Lake.files`; None is a table whose partitions share them."""
    sizes = files.group_by("partition").agg(pl.len().alias("files"), pl.mean("bytes"))
    found = sizes.filter(pl.col("files") >= MANY, pl.col("bytes") < SMALL)
    return list(found.sort("partition")["partition"])


def _merge(lake: Lake, table: Table, partition: str | None) -> bool:
    """Whether it was done; not where a worker holds the partition, or others keep committing to the same files."""
    if partition is not None and is_held(lake, f"{table.asset}/{partition}"):
        return False
    with _undisturbed(lake, table, partition):
        for _ in range(TRIES):
            try:
                _optimize(lake, table, partition)
            except CommitFailedError:
                continue
            return True
    return False


@contextmanager
def _undisturbed(lake: Lake, table: Table, partition: str | None) -> Iterator[None]:
    """Keep workers out of the partition, whose stream of rows could not be begun anew; erasures out of the table."""
    if partition is None:
        with table_lock(lake.url, table.name):
            yield
        return
    with leased(lake, f"{table.asset}/{partition}"), table_lock(lake.url, table.name):
        yield


def _optimize(lake: Lake, table: Table, partition: str | None) -> None:
    """Shared files are sorted by partition, so that their statistics tell which hold one; others keep their order."""
    optimize = delta.table(lake.uri(table.name)).optimize
    if partition is None:
        optimize.z_order([table.partition], target_size=FILE_SIZE, writer_properties=writer(table))
    else:
        only = [(table.partition, "=", partition)]
        optimize.compact(only, target_size=FILE_SIZE, writer_properties=writer(table))


def _vacuum(lake: Lake, name: str) -> int:
    table = delta.table(lake.uri(name))
    if not table.vacuum(KEPT_HOURS, full=True):
        return 0  # no commit about nothing
    return len(table.vacuum(KEPT_HOURS, dry_run=False, full=True))
