"""What segments are judged by, as stored in `video_features`.

Of each frame a number for its motion and one for the cells that moved; of each look a string of bytes.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nitro_ml.segments.features import FEATURES, FRAME, FrameFacts, from_features


def columns(facts: FrameFacts) -> pl.DataFrame:
    """Columns `motion`, `moved` and `look` of [T] frames."""
    looks = [row.tobytes() if seen else None for row, seen in zip(facts["look"], facts["looked"], strict=True)]
    return pl.DataFrame(
        {
            "motion": facts["motion"].astype(np.int16),
            "moved": facts["moved"].astype("<u2").view("<i2"),
            "look": pl.Series(looks, dtype=pl.Binary),
        }
    )


def facts(rows: pl.DataFrame, time: NDArray[np.float64]) -> FrameFacts:
    """The way back, of the rows of one video; time: of its frames, float64 [T], in seconds.

    Rows of older lakes hold `features`, 51 floats a frame, in their place.
    """
    rows = rows.sort("frame")
    if rows["look"].is_null().all():
        return from_features(np.array(rows["features"].to_list(), np.float32).reshape(-1, len(FEATURES)), time)
    found = np.zeros(rows.height, FRAME)
    found["motion"] = rows["motion"].to_numpy()
    found["moved"] = rows["moved"].to_numpy().view(np.uint16)
    found["looked"] = rows["look"].is_not_null().to_numpy()
    looks = b"".join(rows["look"].drop_nulls())
    found["look"][found["looked"]] = np.frombuffer(looks, np.uint8).reshape(-1, len(FEATURES))
    return found
