"""How long a video waits that could not be fetched, and what ends it; for labelling and for training."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import polars as pl
import pytest

from nitro_assets.assets.video_index import worker as video_index
from nitro_assets.fetch.guards.refusals import REFUSALS, Again, FetchError, Reason
from nitro_assets.lake.files.cache import ClipCache
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.backoff import APART, LONGEST, NIGHT, TABLE, current, is_backing_off, summary
from nitro_assets.runtime.clips.clip_loader import ClipLoader
from nitro_assets.runtime.failures import Failures, rows
from nitro_assets.settings import Settings
from tests.assets.corpus import worker
from tests.assets.rows import ANNA, BERT, fit
from tests.assets.site_for_fetch import site

HERE, THERE = "http://a/1", "http://a/2"
WHOLE_BLOCKS = pl.DataFrame({"video_key": [ANNA, BERT], "chunk": [0, 0]})


@pytest.mark.parametrize(
    ("reason", "days"),
    [("busy", [1, 2, 4, 8, 16, 30, 30]), ("denied", [1, 2, 4]), ("gone", [1, 30, 30]), ("too big", [1, 30])],
)
def test_pauses_grow_to_a_month_and_what_is_found_twice_is_a_fact(
    lake: Lake, settings: Settings, reason: Reason, days: list[int]
) -> None:
    found = []
    for _ in days:
        failure = Failures.of(lake, settings, "x:1").again(ANNA, HERE, reason)
        found.append((failure.until - failure.at + NIGHT).days)
        lake.write(TABLE, "x:1", rows([replace(failure, at=failure.at - APART)]))
    assert found == days
    lake.write(TABLE, "x:1", rows([failure]))
    assert Failures.of(lake, settings, "x:1").waiting(ANNA, HERE) == failure
    assert Failures.of_videos(lake, settings, [ANNA, BERT]).waiting(ANNA, HERE) == failure
    assert Failures.of(lake, settings, "x:2").waiting(ANNA, HERE) is None


def test_what_is_found_twice_at_once_is_no_fact_yet(lake: Lake, settings: Settings) -> None:
    for days in (1, 2):
        failure = Failures.of(lake, settings, "x:1").again(ANNA, HERE, "gone")
        assert (failure.until - failure.at + NIGHT).days == days
        lake.write(TABLE, "x:1", rows([failure]))


def test_every_refusal_says_when_it_is_looked_at_again() -> None:
    kinds = {again: {reason for reason, row in REFUSALS.items() if row.again == again} for again in get_args(Again)}
    assert kinds["never"] == {"blocked"}, "a person has decided"
    assert kinds["changed"] == {"gone", "private", "refused", "unsupported", "unreadable", "too big", "unfit"}
    assert set(REFUSALS) == set(get_args(Reason)) == set().union(*kinds.values())
    assert all(FetchError(reason).again == row.again for reason, row in REFUSALS.items())


def test_other_limits_end_the_waiting(lake: Lake, settings: Settings) -> None:
    lake.write(TABLE, "x:1", rows([Failures.of(lake, settings, "x:1").again(ANNA, HERE, "unfit")]))
    assert Failures.of(lake, settings, "x:1").waiting(ANNA, HERE)
    for change in ({"min_seconds": 5.0}, {"download_gb": 50.0}):
        assert not Failures.of(lake, settings.model_copy(update=change), "x:1").waiting(ANNA, HERE)


def test_another_address_is_another_matter(lake: Lake, settings: Settings) -> None:
    lake.write(TABLE, "x:1", rows([Failures.of(lake, settings, "x:1").again(ANNA, HERE, "gone")]))
    known = Failures.of(lake, settings, "x:1")
    assert known.waiting(ANNA, THERE) is None
    assert known.again(ANNA, THERE, "busy").attempts == 1
    assert known.again(ANNA, HERE, "busy").attempts == 2
    text = str(lake.read(TABLE).collect().rows())
    assert "http" not in text


def test_a_wrong_clock_makes_nobody_wait_for_ever() -> None:
    now = datetime.now(UTC)
    assert [is_backing_off(now + d, now) for d in (timedelta(0), timedelta(1), LONGEST, LONGEST * 2)] == [
        False,
        True,
        True,
        False,
    ]
    known = summary([now + timedelta(2), now + timedelta(1)])
    assert current(known, now) == known
    assert current(known, now + timedelta(1)) == {"due": known["until"]} != known
    assert summary([]) == current({}, now) == {}


def test_a_video_that_is_in_no_list_and_gone_is_asked_about_once_a_month(lake: Lake, settings: Settings) -> None:
    with site() as (base, _):
        gone = {"address": f"{base}/watch/pong", "alive": "gone", "keep": False, "reason": "gone: no longer public"}
        checked = {ANNA: timedelta(days=1), BERT: timedelta(days=31)}
        listed: list[dict[str, object]] = [
            {**gone, "video_key": key, "checked_at": datetime.now(UTC) - ago} for key, ago in checked.items()
        ]
        lake.write("video_index", "0000", fit("video_index", listed))
        video_index.build(worker(lake, settings, "video_index"), "0000")
    found = lake.partition("video_index", "0000").select("video_key", "alive")
    assert dict(found.iter_rows()) == {ANNA: "gone", BERT: "alive"}


def test_footage_for_training_waits_too_and_no_page_outweighs_its_file(lake: Lake, settings: Settings) -> None:
    with site() as (base, server):
        pages = {ANNA: f"{base}/watch/pong", BERT: f"{base}/watch/never"}
        index: list[dict[str, object]] = [{"video_key": key, "address": page} for key, page in pages.items()]
        lake.write("video_index", "0000", fit("video_index", index))
        server.said = {"duration": "PT20S"}  # type: ignore[attr-defined]

        def footage() -> tuple[int, dict[str, str | None]]:
            found = ClipLoader(worker(lake, settings), ClipCache(settings.cache), 32)
            count = len(found.pseudo(WHOLE_BLOCKS))
            failures = [refused.failure for refused in found.refused if refused.failure]
            lake.write(TABLE, "a_checkpoint:x", rows(failures))
            return count, {f.video_key: f.reason for f in failures}

        assert footage() == (1, {BERT: "gone"})
        asked = len(server.cookies)  # type: ignore[attr-defined]
        assert footage() == (1, {BERT: "gone"})
        assert len(server.cookies) == asked, "nothing was asked for"  # type: ignore[attr-defined]
        lake.drop(TABLE, "a_checkpoint:x")
        assert footage() == (1, {BERT: "gone"})
        assert len(server.cookies) > asked  # type: ignore[attr-defined]
