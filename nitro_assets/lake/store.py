"""The lake: one door to read, one to write.

Writing replaces exactly one partition of one table in one commit: a reader sees the old rows or the new ones, a killed
writer leaves the old. Rows of blocked videos are never returned and never written; without a readable ledger nothing
is read or written at all.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import polars as pl
from deltalake.exceptions import TableNotFoundError

from nitro_assets.identity import block_key
from nitro_assets.lake.delta import delta
from nitro_assets.lake.delta.commit import literal, replace_partition
from nitro_assets.lake.delta.parquet_writer import ROW_GROUP, writer
from nitro_assets.lake.delta.purge import Purge, literals
from nitro_assets.lake.delta.table_lock import table_lock
from nitro_assets.lake.ledger.blocklist import Blocklist
from nitro_assets.lake.ledger.ledger import Ledger
from nitro_assets.lake.schemas import KEYED, TABLES, Table
from nitro_assets.lake.text import column_with_key
from nitro_assets.settings import Settings
from nitro_ml.core.files.filesystem import place
from nitro_ml.core.licence import TERMS

NAMES = 2
"""Of the way in which a lake's videos are named; `takedown/migrate.py` brings an older one up to it."""


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
        parts = _slices(rows) if isinstance(rows, pl.DataFrame) else rows
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

        with table_lock(self.url, name):
            replace_partition(self.uri(name), table, partition, accepted(self.blocklist()))
        if late := self.blocklist().among(taken):
            self.purge_rows(name, f"{table.partition} = {literal(partition)} AND video_key IN {literals(late)}")
        return Written(count, frozenset(refused))

    def write_unless_empty(self, name: str, partition: str, rows: pl.DataFrame) -> None:
        """As `write`; where there are neither rows to write nor rows to replace, nothing is written."""
        if not rows.is_empty() or not self.partition(name, partition).is_empty():
            self.write(name, partition, rows)

    def purge(self, name: str) -> Purge:
        """The physical erasure of a table's rows; whoever uses it holds the table alone (lake/delta/table_lock.py)."""
        return Purge(self.fs, f"{self.root}/tables/{_table(name).name}", self.uri(name))

    def purge_rows(self, name: str, predicate: str) -> int:
        """Make rows physically gone, and the table's history with them; the number of live ones that were deleted."""
        with table_lock(self.url, name, alone=True):
            return self.purge(name).all(predicate, writer(_table(name)))

    def files(self, name: str) -> pl.DataFrame:
        """The live files: columns `partition` (null where files are shared), `uri`, `bytes`, `all_rows`."""
        table = _table(name)
        if not delta.exists(self.uri(name)):
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
        if delta.exists(self.uri(_table(name).name)):
            self.write(name, partition, _table(name).empty())


def _table(name: str) -> Table:
    if name not in TABLES:
        raise LakeError(f"table {name!r} is not one of the lake's: {', '.join(TABLES)}.")
    return TABLES[name]


def _slices(rows: pl.DataFrame) -> Iterable[pl.DataFrame]:
    """Of a row group each, so that one is made ready while another is written; one where there are no rows."""
    return [rows] if rows.is_empty() else rows.iter_slices(ROW_GROUP)


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
