"""Compose one mixture: chunks of ground truth and of kept pseudo-labelled segments, weights, split by video."""

import hashlib
import math
from typing import Annotated, Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from nitro_assets.lake.schemas import TABLES
from nitro_assets.lineage.edges import Edge
from nitro_assets.runtime import previews
from nitro_assets.runtime.clips.clip_loader import BLOCK
from nitro_assets.runtime.job import Check, Job, Outcome, run
from nitro_ml import recipes
from nitro_ml.training.splits import choose

SHORTEST = 1.0  # seconds; less is not worth a chunk
Share = Annotated[float, Field(ge=0, le=1)]


class MixtureRecipe(BaseModel):
    """One mixture, `recipes/mixture/NAME.yaml`.

    policy: the policy recipe trained on it; truth_weight: how often labelled play is drawn. It may be anyone's: an
    inverse dynamics model learns from all of it, while a policy plays as well as those it copies, so that where the
    labelled players are worse than those of the walkthroughs this is less than 1, or 0; pseudo: whether kept
    pseudo-labelled segments are in it, drawn `pseudo_weight` times their mean confidence as often; idle: the share of
    idle chunks that is taken as well, or the policy never learns to wait; minimum_density: the least share of a
    labelled chunk's frames with an input (NitroGen's own filter: 0.5); best: the share of each game's labelled chunks
    that is taken, those that scored most a minute, where the labels say what was scored (see `_best`); held_out: the
    share of each game's labelled videos, of those that are left.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str
    truth_weight: Annotated[float, Field(ge=0)] = 1.0
    pseudo: bool = False
    pseudo_weight: Annotated[float, Field(ge=0)] = 0.5
    idle: Share = 0.05
    minimum_density: Share = 0.0
    best: Annotated[float, Field(gt=0, le=1)] = 1.0
    held_out: Annotated[float, Field(ge=0, lt=1)]


def load_recipe(name: str) -> MixtureRecipe:
    """The checked-in recipe. Raises `RecipeError` naming the file, the field, what was found and what is allowed."""
    return recipes.load(MixtureRecipe, "mixture", name)


def build(job: Job, partition: str) -> Outcome:
    """Table `training_mixture` for one recipe."""
    recipe = load_recipe(partition)
    dense = pl.col("density") >= recipe.minimum_density
    truth = job.lake.read("nitrogen_chunks").filter(dense).sort("video_key", "chunk").collect()
    best = _best(truth, recipe.best)
    rows = [_ground_truth(row, recipe) for row in best.iter_rows(named=True)]
    if recipe.pseudo:
        labelled = set(job.lake.read("nitrogen_videos").select("video_key").collect()["video_key"])
        rows += [row for row in _pseudo(job, recipe) if row["video_key"] not in labelled]
    columns = {k: t for k, t in TABLES["training_mixture"].columns.items() if k not in ("mixture", "split")}
    table = pl.DataFrame(rows, schema={**columns, "return_per_minute": pl.Float64})
    table = table.with_columns(split=pl.col("video_key").replace_strict(_splits(table, recipe), return_dtype=pl.String))
    written = job.lake.write("training_mixture", partition, table.drop("return_per_minute"))
    both = table.group_by("video_key").agg(pl.n_unique("split")).filter(pl.col("split") > 1)
    train = table.filter(pl.col("split") == "train")
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
            "labelled chunks left out by their score": truth.height - best.height,
            "seconds": previews.bars(_seconds(table), "seconds by origin and game", "s"),
            "dagster/column_schema": previews.schema("training_mixture"),
        },
    )


def _best(chunks: pl.DataFrame, share: float) -> pl.DataFrame:
    """The chunks without those that scored little: of each game's whose score is known, the `share` with the highest
    return per minute stays, rounded up; of equals the first in the frame's order. Those of unknown score all stay.
    """
    score = pl.col("return_per_minute")
    place = score.rank("ordinal", descending=True).over("game")
    return chunks.filter(score.is_null() | (place <= (share * score.count().over("game")).ceil()))


def _ground_truth(row: dict[str, Any], recipe: MixtureRecipe) -> dict[str, Any]:
    return {
        "video_key": row["video_key"],
        "origin": "nitrogen",
        "part": row["nitrogen_shard"],
        "chunk": row["chunk"],
        "start": row["start_time"],
        "end": row["end_time"],
        "frames": row["frames"],
        "game": row["game"] or "other",
        "weight": recipe.truth_weight,
        "return_per_minute": row["return_per_minute"],
    }


def _pseudo(job: Job, recipe: MixtureRecipe) -> list[dict[str, Any]]:
    """The kept segments and a few idle ones, cut at the borders of the cache's 20 s blocks."""
    rows = []
    segments = job.lake.read("label_segments").filter(pl.col("keep") | (pl.col("reason") == "idle")).collect()
    for row in segments.iter_rows(named=True):
        rate = (row["end_frame"] - row["first_frame"]) / (row["end"] - row["start"])
        for block in range(int(row["start"] // BLOCK), math.ceil(row["end"] / BLOCK)):
            start, end = max(row["start"], block * BLOCK), min(row["end"], (block + 1) * BLOCK)
            wanted = row["keep"] or _chance(row["video_key"], start) < recipe.idle
            if wanted and end - start >= SHORTEST:
                rows.append(
                    {
                        "video_key": row["video_key"],
                        "origin": "pseudo",
                        "part": row["corpus_shard"],
                        "chunk": block,
                        "start": start,
                        "end": end,
                        "frames": round((end - start) * rate),
                        "game": row["game"] or "other",
                        "weight": recipe.pseudo_weight * row["confidence"],
                    }
                )
    return rows


def _chance(video_key: str, start: float) -> float:
    """A number in [0, 1) for a stretch of a video, the same in every run."""
    digest = hashlib.blake2b(f"{video_key} {start:.2f}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _splits(table: pl.DataFrame, recipe: MixtureRecipe) -> dict[str, str]:
    """By video: in each game, `held_out` of the labelled videos (none of one alone)."""
    splits = dict.fromkeys(table["video_key"].unique(), "train")
    for (_game,), part in table.filter(origin="nitrogen").partition_by("game", as_dict=True).items():
        splits |= dict.fromkeys(choose(part["video_key"], recipe.held_out), "held_out")
    return splits


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
