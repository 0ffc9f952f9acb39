"""The footage that a recipe's `data` chooses, and what is taken in the place of what can't be had."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import polars as pl

from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.clips.clip_loader import ClipLoader
from nitro_ml.models.idm.config import IDMRecipe
from nitro_ml.recipes import RecipeError
from nitro_ml.training.choice import Choice, Quota, choose, eligible

CHUNK = ["video_key", "chunk"]
COLUMNS = ("nitrogen_shard", *CHUNK, "game", "frames", "density", "return_per_minute")
SPARE = 20
"""Videos that are tried beside as many as were chosen first: where more can't be had, something else is wrong."""


def labelled_chunks(lake: Lake, choice: Choice) -> pl.DataFrame:
    """All labelled chunks that the choice allows, by video and chunk: no more of `nitrogen_chunks` than choosing needs,
    with `start` and `end` in seconds."""
    times = {"start": pl.col("start_time"), "end": pl.col("end_time")}
    chunks = lake.read("nitrogen_chunks").select(*COLUMNS, **times)
    if choice.sources:
        sources = lake.read("nitrogen_videos").select("video_key", "source").unique("video_key")
        chunks = chunks.join(sources, on="video_key", how="left")
    return eligible(chunks.sort(CHUNK).collect(), choice)


def whole_rows(lake: Lake, chunks: pl.DataFrame) -> pl.DataFrame:
    """The rows of `nitrogen_chunks` for these chunks, by video and chunk."""
    videos = chunks["video_key"].unique().to_list()
    rows = lake.read("nitrogen_chunks").filter(pl.col("video_key").is_in(videos)).collect()
    return rows.join(chunks.select(CHUNK), on=CHUNK, how="semi").sort(CHUNK)


def some(chosen: pl.DataFrame, name: str) -> pl.DataFrame:
    """The same rows. Raises `RecipeError` where there are none; name: `idm/window` or the like."""
    if chosen.is_empty():
        raise RecipeError(
            f"{name}.yaml: data: found nothing in the lake that it allows; ask for other games or sources, for less "
            "density or score, for more hours or minutes, or label more videos."
        )
    return chosen


@dataclass(frozen=True)
class Chosen:
    """The chunks that a training takes, those that it may take, and how it chooses among what is left of these."""

    chunks: pl.DataFrame
    candidates: pl.DataFrame
    choose: Callable[[pl.DataFrame], pl.DataFrame]


def idm_chunks(lake: Lake, recipe: IDMRecipe) -> Chosen:
    """What an inverse dynamics model is trained on, calibrated and tested with.

    As much of the hours as is tested on is kept for the videos that the promoted one was tested on, so that both can be
    compared. Raises `RecipeError` where nothing can be chosen.
    """
    if lake.read("nitrogen_chunks").limit(1).collect().is_empty():
        raise RecipeError(
            f"idm/{recipe.name}.yaml: found 0 labelled videos in the lake; needed are one to train on and one to "
            "calibrate on. Add labelled videos to NITRO_NITROGEN, and make nitrogen_actions."
        )
    quota = Quota(Checkpoints(lake).held_out("idm_checkpoint"), recipe.test_share)
    candidates, limited = labelled_chunks(lake, recipe.data), partial(choose, choice=recipe.data, quota=quota)
    return Chosen(some(limited(candidates), f"idm/{recipe.name}"), candidates, limited)


def fetch_chosen(footage: ClipLoader, chosen: Chosen, fetch: Callable[[pl.DataFrame], None]) -> pl.DataFrame:
    """Fetch what was chosen; of what can't be had, the next in order instead. Gives the chunks that are there.

    fetch: brings chunks into the cache, and what failed into `footage.failed`. No more than twice as many videos are
    tried as were chosen, and a few.
    """
    chunks, candidates = chosen.chunks, chosen.candidates
    tried = set(chunks["video_key"])
    most = 2 * len(tried) + SPARE
    while True:
        fetch(chunks)
        failed = pl.DataFrame(list(footage.failed), schema={k: candidates.schema[k] for k in CHUNK}, orient="row")
        there = chunks.join(failed, on=CHUNK, how="anti", maintain_order="left")
        if there.height == chunks.height:
            return there
        candidates = candidates.join(failed, on=CHUNK, how="anti", maintain_order="left")
        chunks = chosen.choose(candidates)
        tried |= set(chunks["video_key"])
        if len(tried) > most or chunks.join(there, on=CHUNK, how="anti").is_empty():
            return there


def missed(footage: ClipLoader, chosen: Chosen, there: pl.DataFrame) -> dict[str, int]:
    """For the asset's metadata: what couldn't be had of the footage, and what was taken instead."""
    instead = there.join(chosen.chunks, on=CHUNK, how="anti")
    return {
        "videos that could not be had": len({key for key, _ in footage.failed} - set(there["video_key"])),
        "chunks that could not be had": len(footage.failed),
        "chunks taken instead": instead.select(CHUNK).unique().height,
    }
