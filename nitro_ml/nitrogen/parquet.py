"""A chunk's label file, from bytes that may be anything."""

import io
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.files import parquet
from nitro_ml.core.labels import LabelsError, read_actions

COLUMNS = (*BUTTONS, "j_left", "j_right")
REWARD = "reward"
ALLOWED = "allowed are finite numbers, one a frame. Correct the column or leave it out."


class Labelled(NamedTuple):
    """What a label file says; reward: float32 [T], or None where it doesn't say it or can't be believed: see `flaw`."""

    actions: Actions
    reward: NDArray[np.float32] | None
    flaw: str


def labels(data: bytes, name: str, frames: int) -> Labelled:
    """The inputs of `frames` frames and, where there is a column `reward`, what each brought; a button counts as held
    from 0.5 on.

    Rows are counted before anything is decoded. Raises `LabelsError` naming the file; rewards that can't be used are
    no error. A hostile file can also panic polars or end the process: see `decoder`.
    """
    try:
        scan = parquet.scan(io.BytesIO(data))
        rows = scan.select(pl.len()).collect().item()
        if rows != frames:
            raise LabelsError(f"{name}: found {rows} rows; chunk_size in metadata.json says {frames}. They must agree.")
        schema = scan.collect_schema()
        wanted = [c for c in (*COLUMNS, REWARD) if c in schema and (c != REWARD or schema[c].is_numeric())]
        table = scan.select(wanted).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise LabelsError(f"{name}: not a readable parquet file ({type(error).__name__}); fetch it again.") from error
    buttons, sticks = read_actions(table, name)
    return Labelled(Actions(buttons >= 0.5, sticks.clip(-1.0, 1.0)), *_reward(table, schema.get(REWARD), name))


def _reward(table: pl.DataFrame, kind: pl.DataType | None, name: str) -> tuple[NDArray[np.float32] | None, str]:
    """The column of this type, or why it can't be used; where there is none, neither."""
    if kind is None:
        return None, ""
    if not kind.is_numeric():
        return None, f"{name}: column reward is {kind.base_type()}; {ALLOWED}"
    reward = table[REWARD].cast(pl.Float32, strict=False).to_numpy().astype(np.float32)
    if not np.isfinite(reward).all():
        return None, f"{name}: column reward holds a null or a value that is not finite; {ALLOWED}"
    return reward, ""
