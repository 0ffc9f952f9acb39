"""A chunk's label file, from bytes that may be anything."""

import io

import polars as pl

from nitro_ml.core import parquet
from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.labels import LabelsError, read_actions

COLUMNS = (*BUTTONS, "j_left", "j_right")


def actions(data: bytes, name: str, frames: int) -> Actions:
    """The inputs of `frames` frames; a button counts as held from 0.5 on.

    Rows are counted before anything is decoded. Raises `LabelsError` naming the file. A hostile file can also panic
    polars or end the process: see `decoder`.
    """
    try:
        scan = parquet.scan(io.BytesIO(data))
        rows = scan.select(pl.len()).collect().item()
        if rows != frames:
            raise LabelsError(f"{name}: found {rows} rows; chunk_size in metadata.json says {frames}. They must agree.")
        table = scan.select(c for c in COLUMNS if c in scan.collect_schema()).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise LabelsError(f"{name}: not a readable parquet file ({type(error).__name__}); fetch it again.") from error
    buttons, sticks = read_actions(table, name)
    return Actions(buttons >= 0.5, sticks.clip(-1.0, 1.0))
