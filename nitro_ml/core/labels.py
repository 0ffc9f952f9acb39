"""Labels files, which have one row a frame with probabilities, sticks and a confidence; and truth files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, STICKS, Actions
from nitro_ml.core.files import parquet
from nitro_ml.core.observability import Visible, visible_of


@dataclass(frozen=True)
class Labels:
    """The inferred inputs of T frames of one video.

    - `time`: float64 [T], in seconds.
    - `buttons`: float32 [T, 17], probabilities in [0, 1], in the order of `BUTTONS`.
    - `sticks`: float32 [T, 4] in [-1, 1], in the order of `STICKS`.
    - `confidence`: float32 [T] in [0, 1], the probability that all 17 buttons of the frame are right within one frame
      of time (1/30 s).
    - `calibration`: the game whose calibration was used, or "pooled" for that of all games; empty if unknown.
    """

    time: NDArray[np.float64]
    buttons: NDArray[np.float32]
    sticks: NDArray[np.float32]
    confidence: NDArray[np.float32]
    calibration: str = ""

    def __len__(self) -> int:
        return len(self.time)

    def hard(self, thresholds: NDArray[np.float32] | float = 0.5) -> Actions:
        """The labels as `Actions`: a button is held from its threshold on. thresholds: a number, or float32 [17]."""
        return Actions(self.buttons >= thresholds, self.sticks)


def concat(parts: list[Labels]) -> Labels:
    """Join consecutive labels of one video into one `Labels`. parts: at least one."""
    arrays = {f: np.concatenate([getattr(p, f) for p in parts]) for f in ("time", "buttons", "sticks", "confidence")}
    return Labels(**arrays, calibration=parts[0].calibration)


def labels_frame(labels: Labels, thresholds: NDArray[np.float32] | float | None = None, first: int = 0) -> pl.DataFrame:
    """The labels as a table in the columns of a labels file, with frames numbered from `first`.

    With `thresholds` (a number, or float32 [17]) the buttons are booleans, as in NitroGen's `actions_raw.parquet`.
    """
    buttons = labels.buttons if thresholds is None else labels.hard(thresholds).buttons
    return pl.DataFrame(
        {
            "frame": np.arange(first, first + len(labels), dtype=np.int64),
            "time": labels.time,
            **{name: buttons[:, i] for i, name in enumerate(BUTTONS)},
            "j_left": labels.sticks[:, 0:2].tolist(),
            "j_right": labels.sticks[:, 2:4].tolist(),
            "confidence": labels.confidence,
        },
        schema_overrides={"j_left": pl.List(pl.Float32), "j_right": pl.List(pl.Float32)},
    )


@dataclass(frozen=True)
class Truth:
    """The true inputs of T frames of a video.

    - `actions`: the inputs held in each frame.
    - `time`: float64 [T], in seconds.
    - `visible`: which inputs can be seen, where that was measured.
    """

    actions: Actions
    time: NDArray[np.float64]
    visible: Visible | None = None


class LabelsError(ValueError):
    """A labels or truth file that cannot be used; the message names the file, what was found and what is allowed."""


def read_actions(table: pl.DataFrame, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Buttons float32 [T, 17] in [0, 1] and sticks float32 [T, 4] from a table in NitroGen's columns.

    Buttons may be boolean, integer or float. Raises `LabelsError` naming `name` for missing columns, wrong types,
    values that are not finite or out of range.
    """
    missing = [c for c in (*BUTTONS, "j_left", "j_right") if c not in table.columns]
    if missing:
        raise LabelsError(f"{name}: columns {missing} are missing; needed are the 17 buttons, j_left and j_right.")
    for column in BUTTONS:
        dtype = table.schema[column]
        if not (dtype == pl.Boolean or dtype.is_numeric()):
            raise LabelsError(f"{name}: column {column} is {dtype}; allowed are boolean, integer and float.")
    buttons = table.select(pl.col(BUTTONS).cast(pl.Float32)).to_numpy().astype(np.float32)
    sticks = np.concatenate([_stick(table, c, name) for c in ("j_left", "j_right")], axis=1)
    if not np.isfinite(buttons).all() or buttons.min(initial=0) < 0 or buttons.max(initial=0) > 1:
        raise LabelsError(f"{name}: a button value is null, not finite or outside [0, 1].")
    if not np.isfinite(sticks).all() or np.abs(sticks).max(initial=0) > 1.0 + 1e-6:
        raise LabelsError(f"{name}: a stick value is null, not finite or outside [-1, 1].")
    return buttons, sticks


def _stick(table: pl.DataFrame, column: str, name: str) -> NDArray[np.float32]:
    dtype = table.schema[column]
    if not isinstance(dtype, pl.List | pl.Array) or not dtype.inner.is_numeric():
        raise LabelsError(f"{name}: column {column} is {dtype}; allowed is a list [x, y] of numbers.")
    series = table[column].cast(pl.List(pl.Float32))
    if table.height and not (series.list.len() == 2).fill_null(False).all():
        raise LabelsError(f"{name}: column {column} holds a row without exactly two values; allowed is [x, y].")
    return series.explode().to_numpy().reshape(-1, 2).astype(np.float32)


def read_labels(path: str | Path, fps: float = 30.0) -> Labels:
    """Read a labels file or a truth file.

    Without a column `time`, the times are `frame / fps`, in seconds; without a column `confidence`, it is 1 in every
    frame. Raises `LabelsError`, which names the file, what was found and what is allowed.
    """
    path = Path(path)
    return _labels(_table(path), path.name, fps)


def read_truth(path: Path, fps: float = 30.0) -> Truth:
    """Read a truth file, which is NitroGen's parquet with, optionally, `time` and the `visible_` columns.

    Raises `LabelsError` like `read_labels`, and where a button is neither 0 nor 1.
    """
    table = _table(path)
    labels = _labels(table, path.name, fps)
    if not np.isin(labels.buttons, (0, 1)).all():
        raise LabelsError(f"{path.name}: a truth file's buttons are 0 or 1; found values between. Is it a labels file?")
    try:
        return Truth(labels.hard(), labels.time, visible_of(table, path.name))
    except ValueError as error:
        raise LabelsError(str(error)) from error


def _table(path: Path) -> pl.DataFrame:
    try:
        return parquet.read(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise LabelsError(f"{path.name}: not a readable parquet file ({error}).") from error


def _labels(table: pl.DataFrame, name: str, fps: float) -> Labels:
    buttons, sticks = read_actions(table, name)
    n = table.height
    time = _numbers(table, "time", name) if "time" in table.columns else np.arange(n) / fps
    if (np.diff(time) < 0).any():
        raise LabelsError(f"{name}: column time goes backwards; it must be seconds, rising.")
    confidence = _numbers(table, "confidence", name) if "confidence" in table.columns else np.ones(n)
    if confidence.min(initial=0) < 0 or confidence.max(initial=0) > 1:
        raise LabelsError(f"{name}: column confidence holds values outside [0, 1].")
    return Labels(time, buttons, sticks, confidence.astype(np.float32))


def _numbers(table: pl.DataFrame, column: str, name: str) -> NDArray[np.float64]:
    dtype = table.schema[column]
    if not dtype.is_numeric():
        raise LabelsError(f"{name}: column {column} is {dtype}; allowed are numbers.")
    values = table[column].cast(pl.Float64).to_numpy().astype(np.float64)
    if not np.isfinite(values).all():
        raise LabelsError(f"{name}: column {column} holds a null or a value that is not finite.")
    return values


__all__ = [
    "BUTTONS",
    "STICKS",
    "Labels",
    "LabelsError",
    "Truth",
    "concat",
    "labels_frame",
    "read_actions",
    "read_labels",
    "read_truth",
]
