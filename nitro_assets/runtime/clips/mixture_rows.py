"""The rows of a mixture: chunks of labelled play and of kept pseudo-labelled segments, weights, split by video."""

import hashlib
from collections.abc import Collection

import polars as pl

from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.clips.chosen import labelled_chunks
from nitro_assets.runtime.clips.clip_loader import BLOCK
from nitro_ml.training import splits
from nitro_ml.training.choice import Choice, Quota, choose, of_games
from nitro_ml.training.mixture import MixtureRecipe

SHORTEST = 1.0  # seconds; less is not worth a chunk
LABELLED_SHARE = 0.5
"""Of the hours, for labelled play where there is pseudo-labelled play enough for the rest, and the other way round."""
RESERVE = 1.25
"""A mixture names so many times the hours it is trained on: what is above them takes the place of dead links."""
COLUMNS = [name for name in TABLES["training_mixture"].columns if name not in ("mixture", "split")]


def mixture_rows(lake: Lake, recipe: MixtureRecipe, trained_on: Collection[str] = ()) -> pl.DataFrame:
    """The columns of `training_mixture` but its partition, and `return_per_minute`; labelled play first.

    trained_on: the videos that the makers of the pseudo-labels learned from, which are held out only where there is no
    other. Rows of the split `reserve` are trained on only where others can't be had.
    """
    rows = _ground_truth(lake, recipe)
    if recipe.pseudo:
        labelled = lake.read("nitrogen_videos").select("video_key").unique().collect()
        rows = pl.concat([rows, _pseudo(lake, recipe).join(labelled, on="video_key", how="anti")])
    chosen = within(rows, recipe.data)
    spare = within(rows, recipe.data.scaled(RESERVE)).join(chosen, on=_ROW, how="anti")
    held_out = _held_out(chosen, recipe, trained_on)
    split = pl.when(pl.col("video_key").is_in(list(held_out))).then(pl.lit("held_out")).otherwise(pl.lit("train"))
    return pl.concat([chosen.with_columns(split=split), spare.with_columns(split=pl.lit("reserve"))])


_ROW = ["video_key", "chunk", "start"]


def within(rows: pl.DataFrame, choice: Choice) -> pl.DataFrame:
    """The rows within the choice's hours and minutes; labelled play has its share of them."""
    labelled = rows.filter(origin="nitrogen")["video_key"].unique().to_list()
    return choose(rows, choice, Quota(labelled, LABELLED_SHARE))


def _ground_truth(lake: Lake, recipe: MixtureRecipe) -> pl.DataFrame:
    return labelled_chunks(lake, recipe.data).select(
        "video_key",
        pl.lit("nitrogen").alias("origin"),
        pl.col("nitrogen_shard").alias("part"),
        "chunk",
        "start",
        "end",
        "frames",
        pl.col("game").fill_null("other"),
        pl.lit(recipe.truth_weight).alias("weight"),
        "return_per_minute",
    )


def _pseudo(lake: Lake, recipe: MixtureRecipe) -> pl.DataFrame:
    """The kept segments and a few idle ones, cut at the borders of the cache's 20 s blocks."""
    wanted = (pl.col("keep") | (pl.col("reason") == "idle")) & (pl.col("end") - pl.col("start") >= SHORTEST)
    segments = lake.read("label_segments").filter(wanted, of_games(recipe.data)).collect()
    first, last = (pl.col("start") // BLOCK).cast(pl.Int32), (pl.col("end") / BLOCK).ceil().cast(pl.Int32)
    rate = (pl.col("end_frame") - pl.col("first_frame")) / (pl.col("end") - pl.col("start"))
    blocks = segments.with_columns(chunk=pl.int_ranges(first, last, dtype=pl.Int32), rate=rate).explode("chunk")
    block = pl.col("chunk") * BLOCK
    rows = blocks.with_columns(
        start=pl.max_horizontal("start", block), end=pl.min_horizontal("end", block + BLOCK)
    ).filter(pl.col("end") - pl.col("start") >= SHORTEST)
    idle = rows.filter(~pl.col("keep")).select("video_key", "start")
    chance = pl.Series([_chance(key, start) for key, start in idle.iter_rows()], dtype=pl.Float64)
    some = idle.filter(chance < recipe.idle).unique().with_columns(drawn=True)
    rows = rows.join(some, on=["video_key", "start"], how="left", maintain_order="left")
    return rows.filter(pl.col("keep") | pl.col("drawn")).select(
        "video_key",
        pl.lit("pseudo").alias("origin"),
        pl.col("corpus_shard").alias("part"),
        "chunk",
        "start",
        "end",
        ((pl.col("end") - pl.col("start")) * pl.col("rate")).round().cast(pl.Int32).alias("frames"),
        pl.col("game").fill_null("other"),
        (recipe.pseudo_weight * pl.col("confidence").cast(pl.Float64)).alias("weight"),
        pl.lit(None, pl.Float64).alias("return_per_minute"),
    )


def _chance(video_key: str, start: float) -> float:
    """A number in [0, 1) for a stretch of a video, the same in every run."""
    digest = hashlib.blake2b(f"{video_key} {start:.2f}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _held_out(chosen: pl.DataFrame, recipe: MixtureRecipe, trained_on: Collection[str]) -> set[str]:
    """In each game, the recipe's share of the labelled videos that were chosen (none of one alone)."""
    games = chosen.filter(origin="nitrogen").partition_by("game")
    return {key for game in games for key in splits.choose(game["video_key"], recipe.data.held_out, trained_on)}
