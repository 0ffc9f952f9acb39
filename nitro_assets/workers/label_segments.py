"""Judge the pseudo-labelled videos of one shard, stretch by stretch; nothing is fetched."""

from typing import Any

import numpy as np
import polars as pl

from nitro_assets.lake.schemas import TABLES
from nitro_assets.lineage.edges import Edge
from nitro_assets.workers import show
from nitro_assets.workers.job import Check, Job, Outcome, run
from nitro_assets.workers.stored import Stored
from nitro_ml.segments.judge import Rules, Segment, judge


def build(job: Job, partition: str) -> Outcome:
    """Table `label_segments` for one shard."""
    labels = job.lake.partition("pseudo_labels", partition)
    features = job.lake.partition("video_features", partition).sort("frame")
    games = dict(job.lake.partition("video_index", partition).select("video_key", "game").iter_rows())
    pictures = {key: part["features"] for (key,), part in features.partition_by("video_key", as_dict=True).items()}
    stored = Stored(job)
    rules = Rules(risk=job.settings.risk)
    rows: list[dict[str, Any]] = []
    frames: dict[str, int] = {}
    for (key,), part in labels.partition_by("video_key", as_dict=True).items():
        guessed, thresholds = stored.labels(part)
        found = judge(np.array(pictures[key].to_list(), np.float32), guessed, rules, thresholds)
        rows += [_row(key, games[key], number, segment) for number, segment in enumerate(found)]
        frames[key] = part.height
    columns = {k: t for k, t in TABLES["label_segments"].columns.items() if k != "corpus_shard"}
    table = pl.DataFrame(rows, schema=columns)
    written = job.lake.write("label_segments", partition, table)
    version = job.state.records["pseudo_labels", partition].version
    covered = table.select((pl.col("end_frame") - pl.col("first_frame")).sum()).item()
    seconds = table.group_by("reason").agg(seconds=(pl.col("end") - pl.col("start")).sum()).sort("reason")
    return Outcome(
        rows=written.rows,
        edges=[Edge("pseudo_labels", partition, version, key, n) for key, n in frames.items()],
        withheld=written.refused,
        checks=[Check("segments_cover_the_labels", covered == labels.height, f"{covered} of {labels.height} frames")],
        metadata={
            "seconds by reason": show.table(seconds),
            "kept and dropped": show.bars(dict(seconds.iter_rows()), "seconds by reason; only play is kept", "s"),
            "dagster/column_schema": show.schema("label_segments"),
        },
    )


def _row(key: str, game: str | None, number: int, segment: Segment) -> dict[str, Any]:
    return {
        "video_key": key,
        "segment": number,
        "first_frame": segment.first_frame,
        "end_frame": segment.last_frame,
        **{name: getattr(segment, name) for name in ("start", "end", "keep", "reason", "confidence")},
        "game": game,
    }


if __name__ == "__main__":
    run("label_segments", build)
