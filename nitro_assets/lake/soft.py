"""Soft labels in few bytes: probabilities in 1/255 steps, sticks in 1/127 steps.

The rounding is at most 1/510 for a probability and 1/254 for a stick value.
"""

import numpy as np
import polars as pl

from nitro_ml.actions import BUTTONS, STICKS
from nitro_ml.labels import Labels

DECODE: list[pl.Expr] = [
    *[pl.col(c).cast(pl.Float32) / 255 for c in (*BUTTONS, "confidence")],
    *[pl.col(s).cast(pl.Float32) / 127 for s in STICKS],
]


def encode(labels: Labels) -> pl.DataFrame:
    """Columns `time`, the buttons, the sticks, `confidence` and `calibration`, as stored in `pseudo_labels`."""
    buttons = np.rint(labels.buttons * 255).astype(np.int16)
    sticks = np.rint(labels.sticks * 127).astype(np.int16)
    return pl.DataFrame(
        {
            "time": labels.time.astype(np.float32),
            **{name: buttons[:, i] for i, name in enumerate(BUTTONS)},
            **{name: sticks[:, i] for i, name in enumerate(STICKS)},
            "confidence": np.rint(labels.confidence * 255).astype(np.int16),
        }
    ).with_columns(calibration=pl.lit(labels.calibration))


def decode(rows: pl.DataFrame) -> Labels:
    """The rows of one video, in frame order, as `Labels`; one calibration serves a whole video."""
    rows = rows.sort("frame").with_columns(DECODE)
    return Labels(
        rows["time"].cast(pl.Float64).to_numpy(),
        rows.select(BUTTONS).to_numpy(),
        rows.select(STICKS).to_numpy(),
        rows["confidence"].to_numpy(),
        rows["calibration"][0] if rows.height else "",
    )
