"""What a training takes: within its limits, the same when the data grows, more when it may take more."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from nitro_ml.training.choice import Choice, Quota, choose, eligible
from nitro_ml.training.splits import order

Chunks = Mapping[tuple[str, int], float]
"""Seconds by video and chunk."""

VIDEOS = [f"{game}{number}" for game in "abc" for number in range(8)]
CHUNKS = st.dictionaries(
    st.tuples(st.sampled_from(VIDEOS), st.integers(0, 5)), st.sampled_from([0.4, 7.25, 20.0]), max_size=60
)
SECONDS = st.floats(1, 400)
LIMITS = st.tuples(SECONDS, st.none() | SECONDS, st.none() | SECONDS)
CASES = settings(max_examples=25, deadline=None)


def table(chunks: Chunks) -> pl.DataFrame:
    """A video's game is its first letter."""
    rows = [(v, c, 20.0 * c, 20.0 * c + s, v[0]) for (v, c), s in chunks.items()]
    names = {"video_key": pl.String, "chunk": pl.Int32, "start": pl.Float64, "end": pl.Float64, "game": pl.String}
    return pl.DataFrame(rows, schema=names, orient="row")


def limited(total: float, game: float | None, video: float | None) -> Choice:
    """A choice by seconds."""
    return Choice(hours=total / 3600, hours_per_game=game and game / 3600, minutes_per_video=video and video / 60)


def chosen(chunks: Chunks, choice: Choice, quota: Quota | None = None) -> set[tuple[str, int]]:
    return set(choose(table(chunks), choice, quota).select("video_key", "chunk").iter_rows())


def seconds(chunks: Chunks, found: set[tuple[str, int]], beginning: str = "") -> float:
    return sum(chunks[c] for c in found if c[0].startswith(beginning))


@CASES
@given(CHUNKS, LIMITS, st.sets(st.sampled_from(VIDEOS)))
def test_no_limit_is_passed_and_the_rows_keep_their_order(
    chunks: Chunks, limits: tuple[float, float | None, float | None], apart: set[str]
) -> None:
    total, game, video = limits
    for quota in (None, Quota(apart, 0.25)):
        found = choose(table(chunks), limited(*limits), quota)
        assert found.equals(table(chunks).join(found, on=["video_key", "chunk"], how="semi"))
        keys = set(found.select("video_key", "chunk").iter_rows())
        assert seconds(chunks, keys) <= total + 0.001
        assert all(seconds(chunks, keys, g) <= (game or 1e9) + 0.001 for g in "abc")
        assert all(seconds(chunks, keys, v) <= (video or 1e9) + 0.001 for v in VIDEOS)


@CASES
@given(CHUNKS, CHUNKS, LIMITS)
def test_what_was_left_out_stays_out_when_the_data_grows(
    chunks: Chunks, more: Chunks, limits: tuple[float, float | None, float | None]
) -> None:
    before, after = chosen(chunks, limited(*limits)), chosen({**more, **chunks}, limited(*limits))
    assert after & chunks.keys() <= before


@CASES
@given(CHUNKS, LIMITS, st.floats(1, 4), st.sets(st.sampled_from(VIDEOS)))
def test_a_larger_budget_contains_the_smaller_one(
    chunks: Chunks, limits: tuple[float, float | None, float | None], factor: float, apart: set[str]
) -> None:
    total, game, video = limits
    quota = Quota(apart, 0.25)
    assert chosen(chunks, limited(*limits), quota) <= chosen(chunks, limited(total * factor, game, video), quota)
    if game:
        one, two = limited(1e9, game, video), limited(1e9, game * factor, video)
        assert chosen(chunks, one, quota) <= chosen(chunks, two, quota)
    if video:
        assert chosen(chunks, limited(1e9, None, video)) <= chosen(chunks, limited(1e9, None, video * factor))


@CASES
@given(CHUNKS, SECONDS)
def test_videos_come_in_the_order_of_the_splits_and_a_missing_one_is_replaced(chunks: Chunks, total: float) -> None:
    found = chosen(chunks, limited(total, None, None))
    whole = sorted({video for video, _ in chunks}, key=order)
    names = sorted({video for video, _ in found}, key=order)
    assert names == whole[: len(names)]
    if names:
        alive = {chunk: length for chunk, length in chunks.items() if chunk[0] != names[0]}
        assert chosen(alive, limited(total, None, None)) >= {c for c in found if c[0] != names[0]}


def test_a_quota_is_kept_for_its_videos_and_what_they_leave_is_the_others() -> None:
    chunks = {(video, c): 20.0 for video in VIDEOS for c in range(5)}  # 100 s a video
    few, many = Quota(VIDEOS[:1], 0.25), Quota(VIDEOS[:12], 0.25)
    assert seconds(chunks, {c for c in chosen(chunks, limited(800, None, None), few) if c[0] in few.videos}) == 100
    found = chosen(chunks, limited(800, None, None), many)
    assert seconds(chunks, {c for c in found if c[0] in many.videos}) == 200
    assert seconds(chunks, found) == 800


def test_only_what_is_asked_for_may_be_chosen() -> None:
    rows: list[dict[str, Any]] = [
        {"game": "Pong", "density": 0.9, "return_per_minute": 3.0, "source": "youtube"},
        {"game": "pong", "density": 0.1, "return_per_minute": None, "source": "youtube"},
        {"game": "golf", "density": 0.9, "return_per_minute": 9.0, "source": "twitch"},
        {"game": None, "density": 0.9, "return_per_minute": 1.0, "source": "youtube"},
    ]
    table = pl.DataFrame(rows).with_row_index("row")

    def left(**choice: Any) -> list[int]:
        return eligible(table, Choice(**choice))["row"].to_list()

    assert left() == [0, 1, 2, 3]
    assert left(games=["pong"]) == [0, 1]
    assert left(exclude_games=["PONG"]) == [2, 3]
    assert left(sources=["twitch"]) == [2]
    assert left(minimum_density=0.5) == [0, 2, 3]
    assert left(minimum_return_per_minute=2) == [0, 1, 2]
    with pytest.raises(ValidationError, match="games and exclude_games: found both"):
        Choice(games=("pong",), exclude_games=("golf",))
