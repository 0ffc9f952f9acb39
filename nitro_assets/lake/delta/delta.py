"""Delta tables by where they are, and by nothing else.

deltalake hands out addresses in which a folder's name is quoted, and polars takes them literally. Every table is opened
through here; a lint rule sees to it.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import polars as pl
from deltalake import DeltaTable, write_deltalake  # noqa: TID251

UNOPENED = re.compile(r"[\[\]^|=\\\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}|::")
"""What can't be in a table's path: deltalake makes a host's name of it and decodes it once more, and polars takes a
folder `a=b` for a partition."""


def unopened(url: str) -> str | None:
    """The first thing in the path that keeps the libraries from opening a table there."""
    found = UNOPENED.search(url)
    return found and found[0]


def table(uri: str) -> DeltaTable:
    """The table. Raises deltalake's `TableNotFoundError`."""
    return DeltaTable(uri)


def exists(uri: str) -> bool:
    return DeltaTable.is_deltatable(uri)


def create(uri: str, schema: Any, **options: Any) -> None:
    DeltaTable.create(uri, schema, **options)


def write(opened: DeltaTable, rows: Any, **options: Any) -> None:
    write_deltalake(opened, rows, **options)


def scan(uri: str) -> pl.LazyFrame:
    """The table's rows. Raises as `table`."""
    return pl.scan_delta(_Readable(uri))  # noqa: TID251


def files(opened: DeltaTable) -> list[str]:
    """Its live files, as `nitro_ml.core.files.parquet` reads them."""
    return list(_literal(opened.table_uri, opened.file_uris()))


def _literal(folder: str, uris: list[str]) -> Iterator[str]:
    """The table's own folder is quoted in what deltalake says; the rest is as it lies on the disk."""
    quoted = folder.removeprefix("file://")
    return (unquote(quoted) + uri.removeprefix(quoted) if uri.startswith(quoted) else uri for uri in uris)


class _Readable(DeltaTable):
    """A table as polars takes one: nothing quoted."""

    @property
    def table_uri(self) -> str:
        return unquote(super().table_uri)

    def file_uris(self, *args: Any, **options: Any) -> list[str]:
        return list(_literal(super().table_uri, super().file_uris(*args, **options)))
