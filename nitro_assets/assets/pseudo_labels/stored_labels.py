"""Labels as they lie in the table, with the thresholds that go with them."""

from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nitro_assets.lake import quantize
from nitro_assets.runtime.job import Job
from nitro_ml.calibration.calibration import Calibration
from nitro_ml.core.labels import Labels


class Stored:
    """Reads each checkpoint's card once."""

    def __init__(self, job: Job) -> None:
        self._calibration = cache(lambda name: Calibration.from_dict(job.checkpoints.card(name)["calibration"]))

    def labels(self, rows: pl.DataFrame) -> tuple[Labels, NDArray[np.float32]]:
        """One video's rows of `pseudo_labels` as labels, and their thresholds [17], frozen with their checkpoint."""
        labels = quantize.dequantize(rows)
        return labels, self._calibration(rows["checkpoint"][0]).thresholds(labels.calibration)
