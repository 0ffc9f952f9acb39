"""Soft labels in few bytes: steps of 1/85 for probabilities, 1/127 for sticks, 0.1 ms for times.

The rounding is at most 1/170 for a probability, 1/254 for a stick value and 0.05 ms for a time, and never moves a
button's probability over its threshold: what is pressed stays pressed. Columns of probabilities count 1/255, of which
rows of older lakes use every one; `DECODE` is the way back for both, in one polars expression. How the columns are
stored is `delta/parquet_writer.py`'s.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, STICKS
from nitro_ml.core.labels import Labels

TICKS = 10_000  # a second; an Int32 of them lasts 59 h
UNITS, STEP = 255, 3  # a probability is a whole number of steps of so many units

DECODE: list[pl.Expr] = [
    pl.col("time").cast(pl.Float64) / TICKS,
    *[pl.col(c).cast(pl.Float32) / 255 for c in (*BUTTONS, "confidence")],
    *[pl.col(s).cast(pl.Float32) / 127 for s in STICKS],
]


def quantize(labels: Labels, thresholds: NDArray[np.float32] | float = 0.5) -> pl.DataFrame:
    """Columns `time`, the buttons, the sticks, `confidence` and `calibration`, as stored in `pseudo_labels`.

    thresholds: from which on a button counts as pressed, scalar or [17].
    """
    buttons = _on_the_same_side(_steps(labels.buttons), labels.buttons, thresholds)
    sticks = np.rint(labels.sticks * 127).astype(np.int16)
    return pl.DataFrame(
        {
            "time": np.rint(labels.time * TICKS).astype(np.int32),
            **{name: buttons[:, i] for i, name in enumerate(BUTTONS)},
            **{name: sticks[:, i] for i, name in enumerate(STICKS)},
            "confidence": _steps(labels.confidence),
        }
    ).with_columns(calibration=pl.lit(labels.calibration))


def _steps(values: NDArray[np.float32]) -> NDArray[np.int16]:
    """The nearest steps to values in [0, 1], in units."""
    return np.rint(values * (UNITS / STEP)).astype(np.int16) * np.int16(STEP)


def _on_the_same_side(
    units: NDArray[np.int16], values: NDArray[np.float32], thresholds: NDArray[np.float32] | float
) -> NDArray[np.int16]:
    """The units, and where rounding led over a threshold the nearest one that doesn't."""
    read = np.arange(UNITS + 1, dtype=np.float32) / UNITS  # as `DECODE` says
    pressed = np.searchsorted(read, np.asarray(thresholds, np.float32)).astype(np.int16)  # from this unit on
    return np.where(values >= thresholds, np.maximum(units, pressed), np.minimum(units, pressed - np.int16(1)))


def dequantize(rows: pl.DataFrame) -> Labels:
    """The rows of one video, in frame order, as `Labels`; one calibration serves a whole video."""
    rows = rows.sort("frame").with_columns(DECODE)
    return Labels(
        rows["time"].to_numpy(),
        rows.select(BUTTONS).to_numpy(),
        rows.select(STICKS).to_numpy(),
        rows["confidence"].to_numpy(),
        rows["calibration"][0] if rows.height else "",
    )
