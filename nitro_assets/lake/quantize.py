"""Soft labels in few bytes: whole steps of 1/255 for probabilities, 1/127 for sticks, 0.1 ms for times.

The rounding is at most 1/510 for a probability, 1/254 for a stick value and 0.05 ms for a time. `DECODE` is the way
back in one polars expression; how the columns are stored is `files.writer`'s.
"""

import numpy as np
import polars as pl

from nitro_ml.core.actions import BUTTONS, STICKS
from nitro_ml.core.labels import Labels

TICKS = 10_000  # a second; an Int32 of them lasts 59 h

DECODE: list[pl.Expr] = [
    pl.col("time").cast(pl.Float64) / TICKS,
    *[pl.col(c).cast(pl.Float32) / 255 for c in (*BUTTONS, "confidence")],
    *[pl.col(s).cast(pl.Float32) / 127 for s in STICKS],
]


def quantize(labels: Labels) -> pl.DataFrame:
    """Columns `time`, the buttons, the sticks, `confidence` and `calibration`, as stored in `pseudo_labels`."""
    buttons = np.rint(labels.buttons * 255).astype(np.int16)
    sticks = np.rint(labels.sticks * 127).astype(np.int16)
    return pl.DataFrame(
        {
            "time": np.rint(labels.time * TICKS).astype(np.int32),
            **{name: buttons[:, i] for i, name in enumerate(BUTTONS)},
            **{name: sticks[:, i] for i, name in enumerate(STICKS)},
            "confidence": np.rint(labels.confidence * 255).astype(np.int16),
        }
    ).with_columns(calibration=pl.lit(labels.calibration))


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
