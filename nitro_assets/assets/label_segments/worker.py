"""Judge the pseudo-labelled videos of one shard, stretch by stretch; nothing is fetched."""

from typing import Any

import polars as pl

from nitro_assets.assets.pseudo_labels.stored_labels import Stored
from nitro_assets.lake import picture_facts
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lineage.edges import Edge
from nitro_assets.runtime import previews
from nitro_assets.runtime.job import Check, Job, Outcome, run
from nitro_ml.segments.classifier import pretrained
from nitro_ml.segments.filter import Rules, Segment, segment_video

STRIPS = 12
SECONDS = pl.col("end") - pl.col("start")


def build(job: Job, partition: str) -> Outcome:
    """Table `label_segments` for one shard."""
    labels = job.lake.partition("pseudo_labels", partition)
    features = job.lake.partition("video_features", partition)
    games = dict(job.lake.partition("video_index", partition).select("video_key", "game").iter_rows())
    pictures = {key: part for (key,), part in features.partition_by("video_key", as_dict=True).items()}
    stored = Stored(job)
    rules = Rules(risk=job.settings.risk)
    rows: list[dict[str, Any]] = []
    frames: dict[str, int] = {}
    # A labelling stopped between its two commits leaves videos in one table that are no longer in the other.
    whole = labels.filter(pl.col("video_key").is_in([key for key in pictures if key in games]))
    for (key,), part in whole.partition_by("video_key", as_dict=True).items():
        guessed, thresholds = stored.labels(part)
        facts = picture_facts.facts(pictures[key], guessed.time)
        found = segment_video(facts, guessed, rules, thresholds)
        rows += [_row(key, games[key], number, segment) for number, segment in enumerate(found)]
        frames[key] = part.height
    columns = {k: t for k, t in TABLES["label_segments"].columns.items() if k != "corpus_shard"}
    table = pl.DataFrame(rows, schema=columns)
    written = job.lake.write("label_segments", partition, table)
    version = job.state.records["pseudo_labels", partition].version
    covered = table.select((pl.col("end_frame") - pl.col("first_frame")).sum()).item()
    summary, numbered = _summary(table), _numbered(table)
    return Outcome(
        rows=written.rows,
        edges=[Edge("pseudo_labels", partition, version, key, n) for key, n in frames.items()],
        withheld=written.refused,
        checks=[Check("segments_cover_the_labels", covered == labels.height, f"{covered} of {labels.height} frames")],
        metadata={
            "seconds by reason": previews.table(summary),
            "kept and dropped": previews.bars(
                dict(summary.select("reason", "seconds").iter_rows()), "seconds by reason; only play is kept", "s"
            ),
            "timelines": previews.strips(
                _timelines(numbered), f"the shard's first {STRIPS} videos, in the order of their keys"
            ),
            "examples": previews.table(_examples(numbered)),
            "classifier": previews.table(
                [{"figure": name, "value": value} for name, value in pretrained().card["figures"].items()]
            ),
            "dagster/column_schema": previews.schema("label_segments"),
        },
    )


def _summary(table: pl.DataFrame) -> pl.DataFrame:
    """Per reason: segments, seconds, their share of all, the labels' mean confidence."""
    by_reason = table.group_by("reason").agg(
        segments=pl.len(), seconds=SECONDS.sum(), confidence=(pl.col("confidence") * SECONDS).sum() / SECONDS.sum()
    )
    return by_reason.with_columns(share=pl.col("seconds") / pl.col("seconds").sum()).sort("seconds", descending=True)


def _numbered(table: pl.DataFrame) -> pl.DataFrame:
    """With a number in place of the key, from 1 in the order of the shard's keys: what is shown names no video."""
    return table.with_columns(video=pl.col("video_key").rank("dense").cast(pl.Int32)).drop("video_key").sort("video")


def _timelines(numbered: pl.DataFrame) -> dict[str, list[tuple[float, float, str]]]:
    """Start, end and reason of every segment of the first few videos."""
    parts = numbered.filter(pl.col("video") <= STRIPS).partition_by("video", as_dict=True)
    return {f"video {number}": part.select("start", "end", "reason").rows() for (number,), part in parts.items()}


def _examples(numbered: pl.DataFrame) -> pl.DataFrame:
    """The two longest segments of each reason: where to look whether it is true."""
    longest = numbered.sort(SECONDS, descending=True).group_by("reason", maintain_order=True).head(2)
    return longest.select("reason", "video", "start", "end", "confidence", "game").sort("reason")


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
