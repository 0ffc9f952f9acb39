"""Parquet files by their names, and by nothing else: polars takes `[`, `*` and `?` in a path for a pattern, and answers
from a file that happens to fit. Every file of the project is read through here; a lint rule sees to it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

Name = str | Path


def scan(files: Name | Sequence[Name] | BinaryIO, **options: Any) -> pl.LazyFrame:
    """The rows of files: paths, addresses such as `s3://bucket/key`, or an open file; `options` are polars' own."""
    if isinstance(files, str | Path):
        source: Any = _literal(files)
    else:
        source = [_literal(name) for name in files] if isinstance(files, Sequence) else files
    return pl.scan_parquet(source, glob=False, **{"hive_partitioning": False, **options})  # noqa: TID251


def read(file: Name | BinaryIO) -> pl.DataFrame:
    """All rows of a file."""
    return scan(file).collect()


def metadata(file: Path) -> dict[str, str]:
    """What is written beside the rows, by key."""
    with file.open("rb") as opened:
        return pl.read_parquet_metadata(opened)  # noqa: TID251


def columns(file: Path) -> list[str]:
    """The names of the columns."""
    return scan(file).collect_schema().names()


def _literal(name: Name) -> str:
    """Absolute, so that no beginning of a name is taken for a home folder or a protocol."""
    return name if isinstance(name, str) and "://" in name else str(Path(name).absolute())
