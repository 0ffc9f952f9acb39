"""The lake: one door to read, one to write, one to erase.

Writing replaces exactly one partition of one table in one commit: a reader sees the old rows or the new ones, a killed
writer leaves the old. Rows of blocked videos are never returned and never written; without a readable ledger nothing
is read or written at all.
"""

import hashlib
import json
import random
import secrets
import time
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import polars as pl
from arro3.core import RecordBatch, RecordBatchReader, Schema
from arro3.core import Table as ArrowTable
from deltalake import CommitProperties
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from nitro_assets.identity import block_key
from nitro_assets.lake import delta
from nitro_assets.lake.blocklist import Blocklist
from nitro_assets.lake.files import FILE_SIZE, ROW_GROUP, writer
from nitro_assets.lake.ledger import Ledger
from nitro_assets.lake.lock import held
from nitro_assets.lake.purge import Purge, literals
from nitro_assets.lake.schemas import KEYED, TABLES, Table
from nitro_assets.lake.text import column_with_key
from nitro_assets.settings import Settings
from nitro_ml.core.filesystem import place
from nitro_ml.core.licence import TERMS

CHECKPOINT_INTERVAL = "10"
"""Commits after which the log is summed up, as Spark does. Whoever opens a table reads every commit since: with the 100
of deltalake that took longer than reading all its rows."""
COMMIT_RETRIES = 30
MARK = "nitro/commit"
"""A random number in each commit, by which its writer knows it again."""
NAMES = 2
"""Of the way in which a lake's videos are named; `takedown/migrate.py` brings an older one up to it."""
PACKED_PATIENCE = 60.0
"""Seconds for which a commit to a packed table is tried again when others are faster."""


class LakeError(RuntimeError):
    """The lake refuses: wrong settings, an unknown table, columns that don't fit."""


@dataclass(frozen=True)
class Written:
    """What one write did: rows committed and the keys of blocked videos whose rows were refused."""

    rows: int
    refused: frozenset[str]


class Lake:
    """The lake at `settings.lake`, made on first use."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.lake
        if found := delta.unopened(self.url):
            raise LakeError(
                f"NITRO_LAKE: {self.url}: found {found!r} in the path, where the libraries that keep the tables can't "
                "open them; choose one without brackets, ^, |, =, backslashes, '::' and % before two digits."
            )
        self.fs, self.root = place(self.url)
        self.ledger = Ledger(self.fs, f"{self.root}/ledger", settings.ledger_key, settings.witness)
        self.secret = settings.secret
        self.corpus_shards = settings.corpus_shards
        self._identify(settings)

    def _identify(self, settings: Settings) -> None:
        fingerprint = hashlib.sha256(b"nitro\0" + settings.secret).hexdigest()[:16]
        card = {"corpus_shards": settings.corpus_shards, "secret": fingerprint, "terms": TERMS, "names": NAMES}
        path = f"{self.root}/lake.json"
        if not self.fs.exists(path):
            self.fs.makedirs(self.root, exist_ok=True)
            self.ledger.start()
            self.fs.pipe_file(path, json.dumps(card).encode())
            return
        found = json.loads(self.fs.cat_file(path))
        if found["secret"] != fingerprint:
            raise LakeError(
                f"{self.url}: made with another secret than NITRO_SECRET_FILE holds; set the one it was made with."
            )
        if found["corpus_shards"] != settings.corpus_shards:
            raise LakeError(
                f"{self.url}: made with {found['corpus_shards']} corpus shards, NITRO_CORPUS_SHARDS is "
                f"{settings.corpus_shards}; the number is fixed for a lake: set it back, or make a new lake."
            )

    @property
    def names(self) -> int:
        """Which way of naming videos the lake is up to."""
        return int(json.loads(self.fs.cat_file(f"{self.root}/lake.json")).get("names", 1))

    def set_names(self) -> None:
        """Say that its videos are named as they are today."""
        path = f"{self.root}/lake.json"
        self.fs.pipe_file(path, json.dumps(json.loads(self.fs.cat_file(path)) | {"names": NAMES}).encode())

    def blocklist(self) -> Blocklist:
        """The videos that no reader returns and no writer accepts. Raises `LedgerError` where it cannot be read."""
        return Blocklist(self.secret, self.ledger.blocked(), self.ledger.blocked_channels())

    def block_keys(self, video_keys: Iterable[str]) -> list[str]:
        """What the ledger knows these videos by."""
        return sorted(block_key(self.secret, key) for key in video_keys)

    def uri(self, name: str) -> str:
        return f"{self.url}/tables/{name}"

    def read(self, name: str) -> pl.LazyFrame:
        """The table's rows but those of blocked videos; no rows where it was never written."""
        table = _table(name)
        rows = self.stored(name)
        blocked = self.blocklist()
        if table.has_videos and blocked:
            rows = rows.filter(blocked.allows())
        if "channel_key" in table.columns and blocked.channels:
            rows = rows.filter(blocked.allows_channel())
        return rows

    def partition(self, name: str, partition: str) -> pl.DataFrame:
        """One partition's rows, read from its own files only."""
        return self.read(name).filter(pl.col(_table(name).partition) == partition).collect()

    def stored(self, name: str) -> pl.LazyFrame:
        """All rows in the live table, blocked or not: for erasing and auditing only."""
        table = _table(name)
        try:
            rows = delta.scan(self.uri(table.name))
        except TableNotFoundError:
            return table.empty().lazy()
        return _with_later(table, rows, rows.collect_schema() if table.later else ()).select(*table.columns)

    def write(self, name: str, partition: str, rows: pl.DataFrame | Iterable[pl.DataFrame]) -> Written:
        """Replace one partition by `rows` (streamed when they come in parts) in one commit.

        The partition column is filled in. Raises `LakeError` for columns that aren't the table's, and for a video key
        in a text.
        """
        table = _table(name)
        parts = [rows] if isinstance(rows, pl.DataFrame) else rows
        count, refused, taken = 0, set[str](), set[str]()

        def accepted(blocked: Blocklist) -> Iterator[pl.DataFrame]:
            nonlocal count
            for part in (_conform(table, partition, part) for part in parts):
                if table.has_videos:
                    keys = set(part["video_key"].drop_nulls().unique())
                    bad = blocked.among(keys) | blocked.of_channels(part)
                    refused.update(bad)
                    taken.update(keys - bad)
                    part = part.filter(~pl.col("video_key").is_in(list(bad)).fill_null(False)) if bad else part
                count += part.height
                if part.height:
                    yield part

        with held(self.url, name):
            self._replace(table, partition, accepted(self.blocklist()))
        if late := self.blocklist().among(taken):
            self.purge_rows(name, f"{table.partition} = {_literal(partition)} AND video_key IN {literals(late)}")
        return Written(count, frozenset(refused))

    def keep(self, name: str, partition: str, rows: pl.DataFrame) -> None:
        """As `write`, but no rows over none."""
        if not rows.is_empty() or not self.partition(name, partition).is_empty():
            self.write(name, partition, rows)

    def _replace(self, table: Table, partition: str, parts: Iterator[pl.DataFrame]) -> None:
        if not self._exists(table):
            self._create(table, ArrowTable.from_arrow(table.empty()).schema)
        if not table.packed:
            return self._commit(table, partition, parts)
        rows, end = list(parts), time.monotonic() + PACKED_PATIENCE
        while True:
            try:
                return self._commit(table, partition, iter(rows))
            except CommitFailedError:  # another partition in the same file was replaced in between: start from there
                if time.monotonic() > end:
                    raise
                time.sleep(random.uniform(0, 0.1))

    def _commit(self, table: Table, partition: str, parts: Iterator[pl.DataFrame]) -> None:
        empty = ArrowTable.from_arrow(table.empty())
        failures: list[Exception] = []
        mark = secrets.token_hex(8)
        try:
            delta.write(
                self.uri(table.name),
                RecordBatchReader.from_batches(empty.schema, _batches(parts, failures)),
                mode="overwrite",
                schema_mode="merge" if table.later else None,
                predicate=f"{table.partition} = {_literal(partition)}",
                target_file_size=FILE_SIZE,
                writer_properties=writer(table),
                commit_properties=CommitProperties(max_commit_retries=COMMIT_RETRIES, custom_metadata={MARK: mark}),
            )
        except DeltaError as error:
            if isinstance(error, CommitFailedError) and self._landed(table, mark):
                return
            raise (failures[0] if failures else error) from error

    def _landed(self, table: Table, mark: str) -> bool:
        """Whether the commit is there: where only the answer to it was lost, its writer meets it as another's."""
        return any(commit.get(MARK) == mark for commit in delta.table(self.uri(table.name)).history(COMMIT_RETRIES))

    def _create(self, table: Table, schema: Schema) -> None:
        delta.create(
            self.uri(table.name),
            schema,
            mode="ignore",
            partition_by=[] if table.packed else [table.partition],
            configuration={
                "delta.dataSkippingStatsColumns": table.partition,
                "delta.checkpointInterval": CHECKPOINT_INTERVAL,
            },
            description=f"{table.doc} Terms: {TERMS}",
        )

    def _exists(self, table: Table) -> bool:
        return delta.exists(self.uri(table.name))

    def purge(self, name: str) -> Purge:
        """The physical erasure of a table's rows; whoever uses it holds the table alone (lake/lock.py)."""
        return Purge(self.fs, f"{self.root}/tables/{_table(name).name}", self.uri(name))

    def purge_rows(self, name: str, predicate: str) -> int:
        """Make rows physically gone, and the table's history with them; the number of live ones that were deleted."""
        with held(self.url, name, alone=True):
            return self.purge(name).all(predicate, writer(_table(name)))

    def files(self, name: str) -> pl.DataFrame:
        """The live files: columns `partition` (null where files are shared), `uri`, `bytes`, `all_rows`."""
        table = _table(name)
        if not self._exists(table):
            return pl.DataFrame(
                schema={"partition": pl.String, "uri": pl.String, "bytes": pl.Int64, "all_rows": pl.Int64}
            )
        opened = delta.table(self.uri(name))
        added = pl.DataFrame(opened.get_add_actions(flatten=True))
        split = f"partition.{table.partition}" in added.columns
        sizes = added.select(
            pl.col("path").str.split("/").list.last().alias("file"),
            (pl.col(f"partition.{table.partition}") if split else pl.lit(None, pl.String)).alias("partition"),
            pl.col("size_bytes").alias("bytes"),
            pl.col("num_records").alias("all_rows"),
        )
        uris = pl.DataFrame({"uri": delta.files(opened)}, schema={"uri": pl.String})
        uris = uris.with_columns(pl.col("uri").str.split("/").list.last().alias("file"))
        return uris.join(sizes, on="file").select("partition", "uri", "bytes", "all_rows")

    def drop(self, name: str, partition: str) -> None:
        """Remove one partition's rows."""
        if self._exists(_table(name)):
            self.write(name, partition, _table(name).empty())

    def erase(self, video_keys: Iterable[str], names: Iterable[str] | None = None) -> dict[tuple[str, str], int]:
        """Rewrite every partition that holds rows of blocked videos, through the door that refuses them.

        Returns the rows removed by (table, partition). No commit names a video: its predicate is the partition.
        """
        keys, removed = list(video_keys), {}
        if missing := set(keys) - self.blocklist().among(keys):
            raise LakeError(f"erase: {len(missing)} of the videos are not blocked; request a takedown first.")
        for table in (_table(n) for n in (names or TABLES)):
            if not table.has_videos:
                continue
            counts = (
                self.stored(table.name)
                .filter(pl.col("video_key").is_in(keys))
                .group_by(table.partition)
                .len()
                .collect()
            )
            for partition, rows in counts.iter_rows():
                self.write(table.name, partition, self.partition(table.name, partition))
                removed[table.name, partition] = rows
        return removed


def _table(name: str) -> Table:
    if name not in TABLES:
        raise LakeError(f"table {name!r} is not one of the lake's: {', '.join(TABLES)}.")
    return TABLES[name]


def _conform(table: Table, partition: str, rows: pl.DataFrame) -> pl.DataFrame:
    rows = _with_later(table, rows.with_columns(pl.lit(partition).alias(table.partition)), rows.columns)
    found, allowed = set(rows.columns), set(table.columns)
    if found != allowed:
        raise LakeError(
            f"{table.name}: columns {sorted(found - allowed)} are not the table's, "
            f"{sorted(allowed - found)} are missing."
        )
    rows = rows.select(pl.col(c).cast(t) for c, t in table.columns.items())
    if column := column_with_key(table, rows):
        raise LakeError(
            f"{table.name}: found a video key in the text of column {column!r}, where it outlives the video; allowed "
            f"are the columns {', '.join(sorted(KEYED))}. Say 'the video' in its place."
        )
    return rows


Rows = TypeVar("Rows", pl.DataFrame, pl.LazyFrame)


def _with_later(table: Table, rows: Rows, there: Collection[str]) -> Rows:
    """The rows with what was added to the table later than they were made."""
    missing = [name for name in table.later if name not in there]
    return rows.with_columns(pl.lit(None, table.columns[name]).alias(name) for name in missing) if missing else rows


def _batches(parts: Iterator[pl.DataFrame], failures: list[Exception]) -> Iterator[RecordBatch]:
    """Arrow batches of a row group at most, so that one is encoded while the next one comes; what the parts raise is
    kept, since on its way through Arrow an exception loses its type."""
    try:
        for part in _one_ahead(parts):
            for rows in part.iter_slices(ROW_GROUP):
                yield from ArrowTable.from_arrow(rows).to_batches()
    except Exception as error:
        failures.append(error)
        raise


def _one_ahead(parts: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The parts, made in a thread of their own, one while the one before is written.

    Arrow pulls from a thread that drives deltalake's runtime, in which no other table could be read.
    """
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(next, parts, None)
        while (part := ahead.result()) is not None:
            ahead = pool.submit(next, parts, None)
            yield part


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
