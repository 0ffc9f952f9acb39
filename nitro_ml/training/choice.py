"""What a training learns from: so many hours, of these games, in an order that stays the same when the data grows.

Videos come in the order of a hash of their names (`splits.order`, by which all models hold videos out too), a video's
chunks in that of a hash of their numbers. A limit takes the first ones that fit. So a larger budget contains the
smaller one, a video that is left out is replaced by the next in order, and new videos let no old one in that was left
out before: they take the places of the last ones. All sums are whole milliseconds, so that no rounding decides.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from nitro_ml.training.splits import order

Share = Annotated[float, Field(ge=0, le=1)]
Limit = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Rows = TypeVar("Rows", pl.DataFrame, pl.LazyFrame)
HOUR = 3_600_000
"""Milliseconds."""


class Choice(BaseModel):
    """The section `data` of a recipe: which of the lake's footage a training takes. What is not chosen is not fetched.

    hours: in all, of labelled chunks and pseudo-labelled segments, not of the videos they lie in; hours_per_game,
    minutes_per_video: at most so many of each; games: those alone, exclude_games: all but those, as the lake calls them
    but for capitals; sources: NitroGen's word for the site, such as `youtube`; minimum_density: the least share of a
    labelled chunk's frames with an input (NitroGen's own filter: 0.5); minimum_return_per_minute: the least that a
    labelled chunk scored, where its labels say it; best: the share of each game's labelled chunks that is taken, those
    that scored most a minute, where the labels say it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: Limit = 20.0
    hours_per_game: Limit | None = None
    minutes_per_video: Limit | None = None
    games: tuple[str, ...] = ()
    exclude_games: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    minimum_density: Share = 0.0
    minimum_return_per_minute: float | None = None
    best: Annotated[float, Field(gt=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _named_once(self) -> "Choice":
        if self.games and self.exclude_games:
            raise ValueError("games and exclude_games: found both; allowed is one of them.")
        return self

    def scaled(self, factor: float) -> "Choice":
        """With so many times the hours, in all and a game."""
        per_game = self.hours_per_game and self.hours_per_game * factor
        return self.model_copy(update={"hours": self.hours * factor, "hours_per_game": per_game})


@dataclass(frozen=True)
class Quota:
    """Of every budget, `share` is for these videos as far as they fill it; what they leave is the others', and the
    other way round."""

    videos: Collection[str]
    share: float


def of_games(choice: Choice) -> pl.Expr:
    """Whether a row's `game` is one that is wanted; null is a game that nobody named."""
    game = pl.col("game").str.to_lowercase()
    if choice.games:
        return game.is_in([name.lower() for name in choice.games]).fill_null(False)
    return ~game.is_in([name.lower() for name in choice.exclude_games]).fill_null(False)


def eligible(chunks: Rows, choice: Choice) -> Rows:
    """The labelled chunks that may be chosen. Columns: `game`, `density`, `return_per_minute` (null: unknown), and
    `source` where the choice asks for it."""
    score = pl.col("return_per_minute")
    chunks = chunks.filter(of_games(choice))
    if choice.sources:
        chunks = chunks.filter(pl.col("source").is_in(list(choice.sources)))
    if choice.minimum_density:
        chunks = chunks.filter(pl.col("density") >= choice.minimum_density)
    if choice.minimum_return_per_minute is not None:
        chunks = chunks.filter(score.is_null() | (score >= choice.minimum_return_per_minute))
    return best(chunks, choice.best)


def best(chunks: Rows, share: float) -> Rows:
    """The chunks without those that scored little: of each game's whose score is known, the `share` with the highest
    return per minute stays, rounded up; of equals the first in the frame's order. Those of unknown score all stay.
    """
    if share == 1:
        return chunks
    score = pl.col("return_per_minute")
    place = score.rank("ordinal", descending=True).over("game")
    return chunks.filter(score.is_null() | (place <= (share * score.count().over("game")).ceil()))


def choose(chunks: pl.DataFrame, choice: Choice, quota: Quota | None = None) -> pl.DataFrame:
    """The chunks within the choice's hours and minutes, in the frame's own order.

    Columns: `video_key`, `chunk`, `start` and `end` in seconds, `game` (null: one game of its own). `quota`: videos for
    which a part of the hours is kept. Of rows of the same chunk the earlier comes first.
    """
    if chunks.is_empty():
        return chunks
    rows = _in_order(chunks, quota)
    for limit, over in (
        (choice.minutes_per_video and choice.minutes_per_video / 60, ["video"]),
        (choice.hours_per_game, ["game"]),
        (choice.hours, []),
    ):
        if limit is not None:
            rows = _limited(rows, round(limit * HOUR), over, quota.share if quota and over != ["video"] else 0.0)
    return chunks[rows.filter("kept")["row"].sort()]


def _in_order(chunks: pl.DataFrame, quota: Quota | None) -> pl.DataFrame:
    """Rows as numbers, the first to be chosen first; `cost` in milliseconds is what counts against the next limit."""
    names = chunks["video_key"].unique()
    hashed = pl.DataFrame({"video_key": names, "hash": pl.Series([int(order(k), 16) for k in names], dtype=pl.UInt64)})
    videos = hashed.sort("hash", "video_key").with_row_index("video")
    wanted = list(quota.videos) if quota else []
    videos = videos.with_columns(apart=pl.col("video_key").is_in(wanted))
    rows = chunks.select(
        "video_key",
        "chunk",
        "start",
        game=pl.col("game").fill_null("").cast(pl.Categorical).to_physical(),
        cost=((pl.col("end") - pl.col("start")) * 1000).round().cast(pl.Int64).clip(0),
    ).with_row_index("row")
    rows = rows.join(videos, on="video_key", maintain_order="left").drop("video_key")
    place = _mixed(rows["hash"].to_numpy(), rows["chunk"].to_numpy())
    return (
        rows.with_columns(place=pl.Series(place), kept=pl.lit(True))
        .sort("video", "place", "start")
        .select("row", "video", "game", "apart", "cost", "kept")
    )


def _limited(rows: pl.DataFrame, limit: int, over: list[str], share: float) -> pl.DataFrame:
    """Keep, of each group, the first rows that fit. Of one that fits in part, that part goes on counting, so that what
    is used before a row never falls when rows are added."""
    mine = [*over, "apart"] if share else over
    used = pl.col("cost").cum_sum()
    rows = rows.with_columns(used=used.over(mine) if mine else used)
    bound = pl.lit(limit)
    if share:  # whatever the other part needs of what is kept for it is not to be had
        theirs = pl.when("apart").then(1 - share).otherwise(share) * limit
        whole, own = (pl.sum("cost").over(by) if by else pl.sum("cost") for by in (over, mine))
        bound = limit - pl.min_horizontal(theirs.round().cast(pl.Int64), whole - own)
    fits = pl.min_horizontal("used", bound) - pl.min_horizontal(pl.col("used") - pl.col("cost"), bound)
    return rows.with_columns(kept=pl.col("kept") & (pl.col("used") <= bound), cost=fits).drop("used")


def _mixed(video: NDArray[np.uint64], chunk: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A hash of each video's hash with a chunk's number, uint64: the finaliser of SplitMix64 (Steele et al. 2014)."""
    mixed = video ^ ((chunk.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))
