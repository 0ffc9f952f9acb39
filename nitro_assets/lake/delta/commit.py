"""One partition of one table replaced in one commit, however many write at the same time."""

import random
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import polars as pl
from arro3.core import RecordBatch, RecordBatchReader
from arro3.core import Table as ArrowTable
from deltalake import CommitProperties
from deltalake.exceptions import CommitFailedError

from nitro_assets.lake.delta import delta
from nitro_assets.lake.delta.parquet_writer import FILE_SIZE, ROW_GROUP, writer
from nitro_assets.lake.schemas import Table
from nitro_ml.core.licence import TERMS

CHECKPOINT_INTERVAL = "10"
"""Commits after which the log is summed up, as Spark does. Whoever opens a table reads every commit since: with the 100
of deltalake that took longer than reading all its rows."""
COMMIT_RETRIES = 30
MARK = "nitro/commit"
"""A random number in each commit, by which its writer knows it again."""
PACKED_PATIENCE = 60.0
"""Seconds for which a commit to a packed table is tried again when others are faster."""


def replace_partition(uri: str, table: Table, partition: str, parts: Iterator[pl.DataFrame]) -> None:
    """Replace a partition of the table at `uri`, which is made where it isn't there, by rows that come in parts.

    Raises what the parts raise; deltalake's `DeltaError` where the commit fails.
    """
    if not delta.exists(uri):
        _create(uri, table)
    if not table.packed:
        return _commit(uri, table, partition, parts)
    rows, end = list(parts), time.monotonic() + PACKED_PATIENCE
    while True:
        try:
            return _commit(uri, table, partition, iter(rows))
        except CommitFailedError:  # another partition in the same file was replaced in between: start from there
            if time.monotonic() > end:
                raise
            time.sleep(random.uniform(0, 0.1))


def literal(text: str) -> str:
    """The text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def _create(uri: str, table: Table) -> None:
    delta.create(
        uri,
        ArrowTable.from_arrow(table.empty()).schema,
        mode="ignore",
        partition_by=[] if table.packed else [table.partition],
        configuration={
            "delta.dataSkippingStatsColumns": table.partition,
            "delta.checkpointInterval": CHECKPOINT_INTERVAL,
        },
        description=f"{table.doc} Terms: {TERMS}",
    )


def _commit(uri: str, table: Table, partition: str, parts: Iterator[pl.DataFrame]) -> None:
    empty = ArrowTable.from_arrow(table.empty())
    failures: list[Exception] = []
    mark = secrets.token_hex(8)
    opened = delta.table(uri)
    older = set(table.later) - {field.name for field in opened.schema().fields}
    try:
        delta.write(
            opened,
            RecordBatchReader.from_batches(empty.schema, _batches(parts, failures)),
            mode="overwrite",
            schema_mode="merge" if older else None,  # to compare the schemas batch by batch takes a fifth longer
            predicate=f"{table.partition} = {literal(partition)}",
            target_file_size=FILE_SIZE,
            writer_properties=writer(table),
            commit_properties=CommitProperties(max_commit_retries=COMMIT_RETRIES, custom_metadata={MARK: mark}),
        )
    except Exception as error:  # deltalake's, or Arrow's own, which has no type, where the parts raise
        if isinstance(error, CommitFailedError) and _landed(uri, mark):
            return
        raise (failures[0] if failures else error) from error


def _landed(uri: str, mark: str) -> bool:
    """Whether the commit is there: where only the answer to it was lost, its writer meets it as another's."""
    return any(commit.get(MARK) == mark for commit in delta.table(uri).history(COMMIT_RETRIES))


def _batches(parts: Iterator[pl.DataFrame], failures: list[Exception]) -> Iterator[RecordBatch]:
    """Arrow batches of a row group at most, so that one is encoded while the next one comes; what the parts raise is
    kept, since on its way through Arrow an exception loses its type."""
    try:
        slices = (rows for part in parts for rows in part.iter_slices(ROW_GROUP))
        yield from _one_ahead(batch for rows in slices for batch in ArrowTable.from_arrow(rows).to_batches())
    except Exception as error:
        failures.append(error)
        raise


def _one_ahead(batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
    """The batches, made in a thread of their own, one while the one before is written.

    Arrow pulls from a thread that drives deltalake's runtime, in which no other table could be read.
    """
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(next, batches, None)
        while (batch := ahead.result()) is not None:
            ahead = pool.submit(next, batches, None)
            yield batch
