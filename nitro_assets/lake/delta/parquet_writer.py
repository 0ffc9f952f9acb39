"""How the tables' parquet files are written: what a column's type says about its values decides its encoding.

Whole numbers that run on (frames, times) are stored as differences; small ones (soft labels) byte by byte, so that zstd
sees the bytes that change beside each other. Sticks, whose signs would change both bytes, and texts, of which a row
group holds few, go through a dictionary. Floats and packed bytes do not repeat: a dictionary of them would cost time
only. Row groups keep statistics of what rows are looked for by: keys, names, numbers, times, and not of measured
values.
"""

import polars as pl
from deltalake import ColumnProperties, WriterProperties

from nitro_assets.lake.schemas import Table
from nitro_ml.core.actions import STICKS

ROW_GROUP = 65_536
"""Rows, 36 minutes of video: a reader of one video skips the groups of others by their statistics."""

FILE_SIZE = 2_000_000
"""Bytes, as the writer counts what it holds, at which it begins the next file: about 0.9 MB and 115,000 labels on the
disk. A partition of any size becomes files that are written side by side; a video's deletion rewrites one or two."""

_ENCODINGS: dict[object, ColumnProperties] = {
    pl.Int16: ColumnProperties(dictionary_enabled=False, encoding="BYTE_STREAM_SPLIT", statistics_enabled="NONE"),
    pl.Int32: ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED", statistics_enabled="CHUNK"),
    pl.Int64: ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED", statistics_enabled="CHUNK"),
    pl.Binary: ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE"),
    pl.Float32: ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE"),
    pl.Float64: ColumnProperties(dictionary_enabled=False, statistics_enabled="CHUNK"),
}
_STICK = ColumnProperties(dictionary_enabled=True, statistics_enabled="NONE")


def writer(table: Table) -> WriterProperties:
    """zstd-1 with the encodings of the table's columns."""
    return WriterProperties(
        compression="ZSTD",
        compression_level=1,
        max_row_group_size=ROW_GROUP,
        write_batch_size=8192,
        default_column_properties=ColumnProperties(statistics_enabled="CHUNK"),
        column_properties={
            name: _STICK if name in STICKS and kind == pl.Int16 else _ENCODINGS[kind]
            for name, kind in table.columns.items()
            if kind in _ENCODINGS
        },
    )
