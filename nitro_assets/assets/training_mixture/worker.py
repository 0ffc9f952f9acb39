"""Compose one mixture: chunks of ground truth and of kept pseudo-labelled segments, weights, split by video."""

import polars as pl

from nitro_assets.lineage.edges import Edge
from nitro_assets.runtime import previews
from nitro_assets.runtime.clips.mixture_rows import mixture_rows
from nitro_assets.runtime.clips.plan import plan_mixture
from nitro_assets.runtime.job import Check, Job, Outcome, run
from nitro_ml.training.mixture import load_recipe


def build(job: Job, partition: str) -> Outcome:
    """Table `training_mixture` for one recipe."""
    recipe = load_recipe(partition)
    trained_on = job.checkpoints.trained_on("idm_checkpoint") if recipe.pseudo else ()
    table = mixture_rows(job.lake, recipe, trained_on)
    written = job.lake.write("training_mixture", partition, table.drop("return_per_minute"))
    taken = table.filter(pl.col("split") != "reserve")
    both = taken.group_by("video_key").agg(pl.n_unique("split")).filter(pl.col("split") > 1)
    train = taken.filter(pl.col("split") == "train")
    labelled = job.lake.read("nitrogen_chunks").select(pl.len()).collect().item()
    hours = (pl.col("end") - pl.col("start")).sum() / 3600
    summary = table.group_by("origin", "game", "split").agg(
        videos=pl.n_unique("video_key"),
        chunks=pl.len(),
        hours=hours,
        weight=pl.mean("weight"),
        return_per_minute=pl.mean("return_per_minute"),
    )
    return Outcome(
        rows=written.rows,
        edges=_edges(job, table),
        withheld=written.refused,
        checks=[
            Check("no_video_on_both_sides", both.is_empty(), f"{both.height} videos in both splits"),
            Check("has_training_chunks", train.height > 0, f"{train.height} chunks"),
        ],
        metadata={
            "composition": previews.table(summary.sort("origin", "game", "split")),
            "labelled chunks left out": labelled - taken.filter(origin="nitrogen").height,
            **plan_mixture(job.state, partition, recipe, taken).metadata(),
            "seconds": previews.bars(_seconds(taken), "seconds by origin and game", "s"),
            "dagster/column_schema": previews.schema("training_mixture"),
        },
    )


def _edges(job: Job, table: pl.DataFrame) -> list[Edge]:
    source = {"nitrogen": "nitrogen_actions", "pseudo": "label_segments"}
    records = job.state.records
    by_video = table.group_by("origin", "part", "video_key").agg(pl.sum("frames")).sort("origin", "part", "video_key")
    return [
        Edge(source[origin], part, records[source[origin], part].version, key, frames)
        for origin, part, key, frames in by_video.iter_rows()
    ]


def _seconds(table: pl.DataFrame) -> dict[str, float]:
    seconds = (
        table.group_by("origin", "game").agg(seconds=(pl.col("end") - pl.col("start")).sum()).sort("origin", "game")
    )
    return {f"{origin} {game}": value for origin, game, value in seconds.iter_rows()}


if __name__ == "__main__":
    run("training_mixture", build)
