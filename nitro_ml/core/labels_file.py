"""Labels files are written while the labels come: memory does not grow with the video, and no partial file is seen."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nitro_ml.core.files import parquet
from nitro_ml.core.files.output import OutputError, beside
from nitro_ml.core.labels import Labels, LabelsError, labels_frame
from nitro_ml.core.licence import TERMS

ROWS = 1 << 16  # of a part that waits on disk, 8 MB in memory; and of a row group


@dataclass(frozen=True)
class Written:
    """The labels file that was written: its path, number of frames, mean confidence in [0, 1], and calibration."""

    path: Path
    frames: int
    mean_confidence: float
    calibration: str


def write_labels(
    out: str | Path,
    labels: Labels | Iterable[Labels],
    thresholds: NDArray[np.float32] | None = None,
    *,
    hard: bool = False,
    facts: Mapping[str, str] | None = None,
    inputs: Iterable[Path] = (),
) -> Written:
    """Write the labels of one video, whole or as an iterable of consecutive stretches, as parquet.

    - `thresholds`: float32 [17], kept in the file's metadata.
    - `hard`: whether to write booleans, by the thresholds (0.5 without any), instead of probabilities.
    - `facts`: further entries of the metadata.
    - `inputs`: files that `out` must not be, such as the video.

    Raises `OutputError` if the file cannot be written, `LabelsError` if there is no frame, and whatever iterating over
    the labels raises. No file is left then.
    """
    stretches = [labels] if isinstance(labels, Labels) else labels
    limits = np.full(17, 0.5, np.float32) if thresholds is None else thresholds
    with tempfile.TemporaryDirectory(prefix="nitro-labels-") as folder, beside(Path(out), *inputs) as partial:
        rows = _Rows(limits if hard else None)
        try:
            parts = list(rows.parts(stretches, Path(folder)))
            if not parts:
                raise LabelsError(f"{Path(out).name}: there is no frame to label.")
            kept = {
                "terms": TERMS,
                "calibration": rows.calibration,
                **({} if thresholds is None else {"thresholds": json.dumps(thresholds.tolist())}),
                **(facts or {}),
            }
            parquet.scan(parts).sink_parquet(partial, row_group_size=ROWS, metadata=kept)
        except pl.exceptions.PolarsError as error:
            raise OutputError(f"{out}: can't be written ({error}).") from error
    return Written(Path(out), rows.frames, rows.confidence / rows.frames, rows.calibration)


class _Rows:
    """Counts what passes through."""

    def __init__(self, limits: NDArray[np.float32] | None) -> None:
        self._limits = limits
        self.frames, self.confidence, self.calibration = 0, 0.0, ""

    def parts(self, stretches: Iterable[Labels], folder: Path) -> Iterator[Path]:
        """Files of about `ROWS` rows, in order."""
        waiting: list[pl.DataFrame] = []
        for labels in stretches:
            if not len(labels):
                continue
            waiting.append(labels_frame(labels, self._limits, first=self.frames))
            self.frames += len(labels)
            self.confidence += float(labels.confidence.sum(dtype=np.float64))
            self.calibration = labels.calibration
            if sum(table.height for table in waiting) >= ROWS:
                yield _part(waiting, folder / f"{self.frames:012d}.parquet")
                waiting = []
        if waiting:
            yield _part(waiting, folder / f"{self.frames:012d}.parquet")


def _part(tables: list[pl.DataFrame], path: Path) -> Path:
    pl.concat(tables).write_parquet(path)
    return path
