"""Label one shard of the corpus with the promoted IDM: download, decode, infer, delete.

A video that the same checkpoint and code have labelled keeps its rows; only new ones are fetched.
"""

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nitro_assets.fetch.download import DownloadError
from nitro_assets.lake import soft
from nitro_assets.lake.cache import ClipCache, clip_cache
from nitro_assets.lineage.edges import Edge
from nitro_assets.workers import show
from nitro_assets.workers.footage import BLOCK, block_name, fetched
from nitro_assets.workers.job import Check, Job, Outcome, Refused, run
from nitro_ml import video
from nitro_ml.idm.label import Labeller
from nitro_ml.labels import concat
from nitro_ml.segments.features import features
from nitro_ml.video import Frames, VideoError

Row = dict[str, Any]


@cache
def _labeller(path: Path) -> Labeller:
    """One labeller a process, whatever the number of shards."""
    return Labeller(path)


class _Shard:
    """The videos of one shard: those to keep as they are and those to label."""

    def __init__(self, job: Job, partition: str, checkpoint: str, cache: ClipCache) -> None:
        self.job, self.partition, self.checkpoint, self.cache = job, partition, checkpoint, cache
        self.labeller = _labeller(job.checkpoints.get(checkpoint))
        self.videos = job.lake.partition("video_index", partition).filter("keep").sort("video_key")
        self.features: list[pl.DataFrame] = []
        self.refused: list[Refused] = []
        self.frames: dict[str, int] = {}
        self.labelled, self.seconds = 0, 0.0

    def rows(self) -> Iterator[pl.DataFrame]:
        """The shard's labels, a video at a time."""
        kept = self._kept()
        for number, row in enumerate(self.videos.iter_rows(named=True)):
            key = row["video_key"]
            self.job.progress(number / len(self.videos), f"video {number + 1} of {len(self.videos)}")
            part = kept.get(key)
            if part is None:
                part = self._label(row)
            if part is not None:
                self.frames[key] = part.height
                yield part

    def _kept(self) -> dict[str, pl.DataFrame]:
        """Rows that the same checkpoint and code made before, by video."""
        record = self.job.state.records.get((self.job.asset.name, self.partition))
        if record is None or record.components["code"] != self.job.asset.code:
            return {}
        old = self.job.lake.partition("pseudo_labels", self.partition).filter(checkpoint=self.checkpoint)
        old_features = self.job.lake.partition("video_features", self.partition)
        keys = set(old["video_key"]) & set(old_features["video_key"]) & set(self.videos["video_key"])
        self.features = [old_features.filter(pl.col("video_key").is_in(list(keys)))]
        parts = old.partition_by("video_key", as_dict=True)
        return {key: part for (key,), part in parts.items() if key in keys}

    def _label(self, row: Row) -> pl.DataFrame | None:
        key, started = row["video_key"], time.perf_counter()
        tap = _Tap(self.cache, self.labeller.resolution, key)
        try:
            with fetched(self.job, row["address"], key) as path:
                labels = concat(list(self.labeller.label(tap.through(video.read(path, self.labeller.resolution)))))
        except (DownloadError, VideoError) as error:
            self.refused.append(Refused(key, str(error), key))
            return None
        self.labelled += len(labels)
        self.seconds += time.perf_counter() - started
        found = np.concatenate(tap.features)
        self.features.append(
            pl.DataFrame({"video_key": [key] * len(found), "frame": np.arange(len(found)), "features": found.tolist()})
        )
        return soft.encode(labels).with_columns(
            video_key=pl.lit(key), frame=pl.int_range(pl.len()), checkpoint=pl.lit(self.checkpoint)
        )


class _Tap:
    """What is taken from the frames on their way to the labeller: picture features, and clips for the cache."""

    def __init__(self, clips: ClipCache, size: int, key: str) -> None:
        self.clips, self.size, self.key = clips, size, key
        self.features: list[np.ndarray] = []
        self.block: list[Frames] = []

    def through(self, frames: Iterator[Frames]) -> Iterator[Frames]:
        last = None
        for part in frames:
            self.features.append(features(part.rgb, last))
            last = part.rgb[-1]
            self._cache(part)
            yield part
        self._flush()

    def _cache(self, part: Frames) -> None:
        number = (part.time // BLOCK).astype(int)
        for block in np.unique(number):
            if self.block and self.block[0].time[0] // BLOCK != block:
                self._flush()
            self.block.append(Frames(part.rgb[number == block], part.time[number == block]))

    def _flush(self) -> None:
        if self.block:
            times = np.concatenate([b.time for b in self.block])
            name = block_name(int(times[0] // BLOCK))
            self.clips.put(self.size, self.key, name, np.concatenate([b.rgb for b in self.block]), times)
        self.block = []


def build(job: Job, partition: str) -> Outcome:
    """Tables `pseudo_labels` and `video_features` for one shard."""
    checkpoint = job.checkpoints.promoted("idm_checkpoint")
    if checkpoint is None:
        raise RuntimeError(
            "pseudo_labels: no promoted IDM; make idm_checkpoint first (its checks say why none was promoted)."
        )
    recipe = job.state.checkpoints[checkpoint]["partition"]
    with clip_cache(job.settings) as cache:
        shard = _Shard(job, partition, checkpoint, cache)
        written = job.lake.write("pseudo_labels", partition, shard.rows())
        job.lake.write("video_features", partition, shard.features or _no_features())
    index = job.state.records["video_index", partition]
    edges = [Edge("video_index", partition, index.version, key, n) for key, n in shard.frames.items()]
    edges.append(Edge("idm_checkpoint", recipe, checkpoint, None, written.rows))
    rows = job.lake.partition("pseudo_labels", partition)
    return Outcome(
        rows=written.rows,
        edges=edges,
        withheld=written.refused,
        refused=shard.refused,
        checks=_checks(shard, rows),
        metadata={
            "checkpoint": checkpoint,
            "videos": len(shard.frames),
            "frames labelled now": shard.labelled,
            "seconds of labelling": shard.seconds,
            "frames kept": written.rows - shard.labelled,
            "confidence": show.table(_confidence(rows, shard.videos)),
            "dagster/column_schema": show.schema("pseudo_labels"),
        },
    )


def _no_features() -> pl.DataFrame:
    return pl.DataFrame(schema={"video_key": pl.String, "frame": pl.Int32, "features": pl.List(pl.Float32)})


def _confidence(rows: pl.DataFrame, videos: pl.DataFrame) -> pl.DataFrame:
    joined = rows.select("video_key", pl.col("confidence") / 255).join(
        videos.select("video_key", "game"), on="video_key"
    )
    return (
        joined.group_by("game")
        .agg(videos=pl.n_unique("video_key"), frames=pl.len(), confidence=pl.mean("confidence"))
        .sort("game")
    )


def _checks(shard: _Shard, rows: pl.DataFrame) -> list[Check]:
    told = set(shard.frames) | {r.video_key for r in shard.refused}
    silent = set(shard.videos["video_key"]) - told
    inside = rows.select(
        pl.all_horizontal(
            pl.col("confidence").is_between(0, 255),
            pl.col("time").is_finite(),
            pl.col("j_left_x").is_between(-127, 127),
        ).all()
    ).item()
    return [
        Check("every_video_is_labelled_or_rejected", not silent, f"{len(silent)} videos are missing"),
        Check("values_in_range", bool(inside), f"{rows.height} rows"),
    ]


if __name__ == "__main__":
    run("pseudo_labels", build)
