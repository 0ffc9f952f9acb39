"""Soft labels on disk: few bytes, and a bound on the rounding."""

import numpy as np
import polars as pl

from benchmarks.lake import noisy_labels, run
from nitro_assets.lake import quantize
from nitro_assets.lake.store import Lake


def test_few_bytes_a_frame_and_a_bound_on_the_rounding(lake: Lake) -> None:
    labels = noisy_labels(20_000, seed=1)
    rows = quantize.quantize(labels).with_columns(frame=pl.int_range(pl.len()), checkpoint=pl.lit("c" * 32))
    keys = pl.when(pl.col("frame") < 9_000).then(pl.lit("a" * 32)).otherwise(pl.lit("b" * 32))
    lake.write("pseudo_labels", "0001", rows.with_columns(video_key=keys))
    files = lake.files("pseudo_labels")
    assert files["bytes"].sum() / len(labels) <= 8.1
    back = quantize.dequantize(lake.partition("pseudo_labels", "0001"))
    assert np.abs(back.time - labels.time).max() <= 0.5 / quantize.TICKS + 1e-9
    assert np.abs(back.buttons - labels.buttons).max() <= 1 / 170 + 1e-6
    assert np.abs(back.sticks - labels.sticks).max() <= 1 / 254 + 1e-6
    assert np.abs(back.confidence - labels.confidence).max() <= 1 / 170 + 1e-6


def test_rounding_never_leads_over_a_threshold() -> None:
    labels = noisy_labels(5_000, seed=2)
    thresholds = np.random.default_rng(3).uniform(0, 0.6, 17).astype(np.float32)
    thresholds[:3] = 0, 1.5, 6 / 255
    back = quantize.dequantize(quantize.quantize(labels, thresholds).with_columns(frame=pl.int_range(pl.len())))
    assert np.array_equal(back.buttons >= thresholds, labels.buttons >= thresholds)
    assert np.abs(back.buttons - labels.buttons).max() <= 1 / 170 + 1 / 255


def test_what_the_benchmark_says_of_sizes() -> None:
    found = {figure.name: figure.value for figure in run(quick=True)}
    assert found["soft labels"] < found["float32 columns, zstd-1"] / 3
    assert 0.5 < found["bytes on the disk after that / before"] < 1, "a quarter of the rows is gone"
