"""Small rows for the lake's tables."""

import polars as pl

from nitro_assets.lake.schemas import TABLES

ANNA, BERT, CARL = "a" * 32, "b" * 32, "c" * 32


def rejects(key: str | None, count: int = 1) -> pl.DataFrame:
    """Rows of the simplest table that knows videos."""
    row: dict[str, object] = {"video_key": key, "item": "a file", "message": "unreadable", "at": None}
    return fit("rejects", [row] * count)


def segments(key: str | None, count: int = 1) -> pl.DataFrame:
    """Rows of a table whose partitions are streamed, each into files of its own."""
    return fit("label_segments", [{"video_key": key, "segment": n, "reason": "play"} for n in range(count)])


def fit(table: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Rows with the table's columns but its partition column; what is not given is null."""
    columns = {name: t for name, t in TABLES[table].columns.items() if name != TABLES[table].partition}
    return pl.DataFrame([{name: row.get(name) for name in columns} for row in rows], schema=columns)
