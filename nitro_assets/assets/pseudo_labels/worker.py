"""Label one shard of the corpus with the promoted IDM.

A video that the same checkpoint and code have labelled keeps its rows. Each other one is labelled by the engine, which
leaves its rows in the lake's staging as soon as it is done; a run that follows a killed one takes them from there. Only
when all videos have their rows or their reason is the shard committed, streamed, in one commit a table.
"""

import atexit
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import polars as pl

from nitro_assets.assets.pseudo_labels.engine import Engine, LocalEngine
from nitro_assets.assets.pseudo_labels.label_video import ROWS, LabelConfig, VideoResult, VideoTask
from nitro_assets.lake.files.cache import clip_cache
from nitro_assets.lake.files.staging import Staging, erase
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lineage.backoff import BACKOFF, summary
from nitro_assets.lineage.edges import Edge
from nitro_assets.lineage.state import InputVersions, scope
from nitro_assets.runtime import previews
from nitro_assets.runtime.failures import Failure, Failures, by_reason
from nitro_assets.runtime.job import Check, Job, Outcome, Refused, run
from nitro_ml.calibration.calibration import Calibration
from nitro_ml.core.files import parquet

Row = dict[str, Any]
LABELS = [c for c in TABLES["pseudo_labels"].columns if c != "corpus_shard"]
PROMOTED = "promoted idm_checkpoint"
FEATURES = [c for c in TABLES["video_features"].columns if c != "corpus_shard"]


@cache
def _engine(name: str) -> Engine:
    """One engine a process, whatever the number of shards."""
    engine: Engine
    if name == "ray":
        from nitro_assets.assets.pseudo_labels.ray_engine import RayEngine

        engine = RayEngine()
    else:
        engine = LocalEngine()
    atexit.register(engine.close)
    return engine


class _Shard:
    """The videos of one shard: those that keep their rows, those that were staged, those to label."""

    def __init__(self, job: Job, partition: str, checkpoint: str) -> None:
        self.job, self.partition, self.checkpoint = job, partition, checkpoint
        self.staging = Staging(job.lake, partition, f"{checkpoint}-{job.asset.code}")
        index = job.lake.read("video_index").filter(corpus_shard=partition).filter("keep")
        self.videos = index.select("video_key", "address", "game").sort("video_key").collect()
        card = job.checkpoints.card(checkpoint)
        self.size, self.calibration = card["recipe"]["resolution"], Calibration.from_dict(card["calibration"])
        self.state = job.state
        self.record = self.state.records.get((job.asset.name, partition))
        self.kept_rows = self._kept()
        self.kept: dict[str, int] = dict(self.kept_rows.select("video_key", "rows").iter_rows())
        self.failures = Failures.of(job.lake, job.settings, scope(job.asset.name, partition))
        self.addresses: dict[str, str] = dict(self.videos.select("video_key", "address").iter_rows())
        self.refused: list[Refused] = []
        self.frames: dict[str, int] = dict(self.kept)
        self.labelled, self.seconds = 0, 0.0

    def _stored(self, table: str) -> pl.LazyFrame:
        return self.job.lake.read(table).filter(corpus_shard=self.partition)

    def _kept(self) -> pl.DataFrame:
        """Videos that keep their rows, how many, and by which checkpoint: this one with this code and the calibration
        of the video's game; or, where only new videos are asked for, any that is not tainted."""
        if self.record is None:
            return pl.DataFrame(schema={"video_key": pl.String, "checkpoint": pl.String, "rows": pl.UInt32})
        allowed = [self.checkpoint] if self.record.components["code"] == self.job.asset.code else []
        wanted = self.videos.select("video_key", calibration=self._calibrations())
        if self.job.level == "new":
            wanted = wanted.select("video_key")
            allowed = [c for c, row in self.state.checkpoints.items() if row["state"] != "tainted"]
        old = self._stored("pseudo_labels").filter(pl.col("checkpoint").is_in(allowed))
        seen = self._stored("video_features").select("video_key").unique()
        found = old.group_by("video_key", "checkpoint", "calibration").agg(rows=pl.len())
        found = found.join(seen, on="video_key", how="semi").join(wanted.lazy(), on=wanted.columns, how="semi")
        return found.sort("video_key").collect()

    def _calibrations(self) -> pl.Series:
        return pl.Series([self.calibration.name(game) for game in self.videos["game"]], dtype=pl.String)

    def _staged(self) -> set[str]:
        """The videos in staging that were calibrated for what the index now says is their game."""
        names = dict(zip(self.videos["video_key"], self._calibrations(), strict=True))
        found = (key for key in self.staging.videos() if key in names)
        first = {key: parquet.scan(self.staging.path(key)).select("calibration").head(1).collect() for key in found}
        return {key for key, rows in first.items() if rows.item() == names[key]}

    def input_versions(self) -> InputVersions:
        """Where rows of other checkpoints or of other code were kept, what they were made with counts too. And the
        videos that wait to be fetched."""
        found: InputVersions = {BACKOFF: summary(f.until for f in self.failed)}
        if self.record and set(self.kept_rows["checkpoint"]) - {self.checkpoint}:
            found[PROMOTED] = ",".join(sorted({self.checkpoint, *self.kept_rows["checkpoint"]}))
        if self.record and self.kept and self.record.components["code"] != self.job.asset.code:
            found["code"] = f"{self.record.components['code']},{self.job.asset.code}"
        return found

    def label(self) -> None:
        """Label what has no rows yet; afterwards every video has rows or a reason."""
        started = time.monotonic()
        staged = self._staged()
        orders = [
            VideoTask(key, address, game)
            for key, address, game in self.videos.select("video_key", "address", "game").iter_rows()
            if key not in self.kept and key not in staged and not self._is_backing_off(key)
        ]
        setup = LabelConfig(self.job.settings, self.checkpoint, self.size, self.staging.url)
        for number, result in enumerate(_engine(self.job.settings.engine).map(setup, orders)):
            self._take(result)
            self.job.progress((number + 1) / len(orders), f"video {number + 1} of {len(orders)}")
        self.seconds = time.monotonic() - started
        for key in self._staged() - set(self.kept):
            self.frames[key] = parquet.scan(self.staging.path(key)).select(pl.len()).collect().item()

    def _is_backing_off(self, key: str) -> bool:
        """Whether it is too early to fetch the video again; it is refused then."""
        failure = self.failures.waiting(key, self.addresses[key])
        if failure:
            self.refused.append(Refused("a video", str(failure), key, failure))
        return failure is not None

    def _take(self, result: VideoResult) -> None:
        self.labelled += result.rows
        if result.key in self.job.lake.blocklist():  # since it was ordered; whoever erases may have come too early
            erase(self.job.lake, [result.key])
        if result.error:
            failure = result.reason and self.failures.again(result.key, self.addresses[result.key], result.reason)
            self.refused.append(Refused("a video", result.error, result.key, failure))

    @property
    def failed(self) -> list[Failure]:
        """Of the videos that could not be fetched, now or lately."""
        return [refused.failure for refused in self.refused if refused.failure]

    def makers(self) -> dict[tuple[str, str], int]:
        """Rows by the recipe and name of the checkpoint that made them."""
        counts = dict(self.kept_rows.group_by("checkpoint").agg(pl.sum("rows")).iter_rows())
        new = sum(self.frames.values()) - sum(self.kept.values())
        counts[self.checkpoint] = counts.get(self.checkpoint, 0) + new
        known = self.state.checkpoints
        return {(known[name]["partition"], name): rows for name, rows in sorted(counts.items())}

    def rows(self, table: str, columns: list[str]) -> Iterator[pl.DataFrame]:
        """One table's rows, a bounded number at a time; those of one video follow one another in their order.

        The table is opened before any of them is asked for: deltalake opens none while it writes on its only thread, as
        it does on a machine of one core.
        """
        return self._rows(self._stored(table).select(columns), columns)

    def _rows(self, stored: pl.LazyFrame, columns: list[str]) -> Iterator[pl.DataFrame]:
        for keys in _groups(self.kept):
            yield stored.filter(pl.col("video_key").is_in(keys)).sort("video_key", "frame").collect()
        for key in sorted(set(self.frames) - set(self.kept)):
            rows = parquet.scan(self.staging.path(key))
            there = rows.collect_schema()  # what was added later, staged rows may lack too
            rows = rows.select(name for name in columns if name in there)
            for first in range(0, self.frames[key], ROWS):
                yield rows.slice(first, ROWS).collect()


def _groups(rows: dict[str, int], most: int = 16 * ROWS) -> Iterator[list[str]]:
    """Videos in order, as many at a time as have at most about `most` rows."""
    group: list[str] = []
    for key in sorted(rows):
        if group and sum(rows[k] for k in group) + rows[key] > most:
            yield group
            group = []
        group.append(key)
    if group:
        yield group


def build(job: Job, partition: str) -> Outcome:
    """Tables `pseudo_labels` and `video_features` for one shard."""
    checkpoint = job.checkpoints.promoted("idm_checkpoint")
    if checkpoint is None:
        raise RuntimeError(
            "pseudo_labels: no promoted IDM; make idm_checkpoint first (its checks say why none was promoted)."
        )
    shard = _Shard(job, partition, checkpoint)
    with clip_cache(job.settings):  # which evicts what is old, once a shard
        shard.label()
    job.check_lease()
    # The features first: they don't depend on the checkpoint, so labels always find those of their frames.
    job.lake.write("video_features", partition, shard.rows("video_features", FEATURES))
    written = job.lake.write("pseudo_labels", partition, shard.rows("pseudo_labels", LABELS))
    index = shard.state.records["video_index", partition]
    edges = [Edge("video_index", partition, index.version, key, n) for key, n in sorted(shard.frames.items())]
    edges += [Edge("idm_checkpoint", *made_by, None, rows) for made_by, rows in shard.makers().items()]
    return Outcome(
        rows=written.rows,
        edges=edges,
        withheld=written.refused,
        refused=shard.refused,
        checks=_checks(shard, job.lake.read("pseudo_labels").filter(corpus_shard=partition)),
        metadata={
            "checkpoint": checkpoint,
            "videos": len(shard.frames),
            "frames labelled now": shard.labelled,
            "seconds of labelling": shard.seconds,
            "frames kept": sum(shard.kept.values()),
            "failed downloads": previews.table(by_reason(shard.failed)),
            "confidence": previews.table(_confidence(job, shard)),
            "pictures": previews.table(_pictures(job, partition)),
            "dagster/column_schema": previews.schema("pseudo_labels"),
        },
        components=shard.input_versions(),
        made=shard.labelled,
        seconds=shard.seconds,
        committed=shard.staging.clear,
    )


def _confidence(job: Job, shard: _Shard) -> pl.DataFrame:
    rows = job.lake.read("pseudo_labels").filter(corpus_shard=shard.partition)
    videos = shard.videos.lazy().select("video_key", "game")
    table = (
        rows.group_by("video_key")
        .agg(frames=pl.len(), confidence=pl.sum("confidence").cast(pl.Float64) / 255)
        .join(videos, on="video_key")
    )
    games = table.group_by("game").agg(
        videos=pl.len(), frames=pl.sum("frames"), confidence=pl.sum("confidence") / pl.sum("frames")
    )
    return games.sort("game").collect()


def _pictures(job: Job, partition: str) -> pl.DataFrame:
    """What was done so that pictures were seen as meant, and in how many videos."""
    rows = job.lake.read("pseudo_labels").filter(corpus_shard=partition)
    videos = rows.group_by("video_key").agg(pl.first("picture")).with_columns(pl.col("picture").replace("", None))
    return videos.group_by(pl.col("picture").fill_null("as stored")).agg(videos=pl.len()).sort("picture").collect()


def _checks(shard: _Shard, rows: pl.LazyFrame) -> list[Check]:
    told = set(shard.frames) | {r.video_key for r in shard.refused}
    silent = set(shard.videos["video_key"]) - told
    inside = pl.all_horizontal(
        pl.col("confidence").is_between(0, 255),
        pl.col("time").is_finite(),
        pl.col("j_left_x").is_between(-127, 127),
    )
    found = rows.select(inside.all().alias("inside"), pl.len().alias("rows")).collect().row(0, named=True)
    return [
        Check("every_video_is_labelled_or_rejected", not silent, f"{len(silent)} videos are missing"),
        Check("values_in_range", bool(found["inside"]), f"{found['rows']} rows"),
    ]


if __name__ == "__main__":
    run("pseudo_labels", build)
