"""What segments are judged by, in the table and back; rows of lakes that are older."""

import numpy as np
import polars as pl

from nitro_assets.lake import picture_facts
from nitro_assets.lake.delta import delta
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_ml.segments.features import FEATURES, FRAME, LEVELS, Features, cells_moved

TABLE = TABLES["video_features"]
KEYS = [f"{number:032x}" for number in range(3)]
COUNT = 90


def rows_of(key: str, columns: pl.DataFrame) -> pl.DataFrame:
    return columns.with_columns(video_key=pl.lit(key), frame=pl.int_range(pl.len(), dtype=pl.Int32))


def test_facts_come_back_as_they_were(lake: Lake) -> None:
    rng = np.random.default_rng(0)
    rgb = np.repeat(rng.integers(0, 256, (COUNT // 9, 32, 32, 3), dtype=np.uint8), 9, axis=0)
    time = np.arange(COUNT) / 30
    facts = Features()(rgb, time)
    lake.write("video_features", "0001", rows_of(KEYS[0], picture_facts.columns(facts)))
    found = lake.partition("video_features", "0001").sample(fraction=1.0, shuffle=True, seed=1)
    assert np.array_equal(picture_facts.facts(found, time), facts)
    assert facts["looked"].sum() == COUNT / 6


def test_rows_of_an_older_lake_are_read_and_kept(lake: Lake) -> None:
    rng = np.random.default_rng(1)
    features, time = (rng.integers(0, 256, (COUNT, len(FEATURES))) / 255).astype(np.float32), np.arange(COUNT) / 30
    old = rows_of(KEYS[1], pl.DataFrame({"features": features.tolist()}, schema={"features": pl.List(pl.Float32)}))
    older = old.select(pl.lit("0001").alias("corpus_shard"), "video_key", "frame", "features")
    delta.create(lake.uri(TABLE.name), older.to_arrow().schema, partition_by=["corpus_shard"])
    delta.write(delta.table(lake.uri(TABLE.name)), older, mode="append")
    kept = lake.partition("video_features", "0001")
    new = rows_of(KEYS[2], picture_facts.columns(np.zeros(COUNT, FRAME)))
    lake.write("video_features", "0001", [kept.drop("corpus_shard"), new])
    found = lake.partition("video_features", "0001")
    assert found.height == 2 * COUNT
    facts = picture_facts.facts(found.filter(video_key=KEYS[1]), time)
    assert np.array_equal(facts["looked"], np.arange(COUNT) % 6 == 0)
    assert np.array_equal(facts["motion"], np.rint(features[:, 0] * LEVELS))
    assert np.array_equal(cells_moved(facts), features[:, FEATURES.index("moving_00") :][:, :16] > 0)
    since = features[1:7, FEATURES.index("motion")]
    assert facts["look"][6, FEATURES.index("motion")] == np.rint(np.sqrt((since**2).mean()) * LEVELS)
    assert facts["look"][6, FEATURES.index("red")] == np.rint(features[6, FEATURES.index("red")] * LEVELS)
