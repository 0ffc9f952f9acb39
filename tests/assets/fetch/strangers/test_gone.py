"""Whether a video is still public: what statuses and words of its page say, and when it is a fact that it is gone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from yt_dlp.extractor.generic import GenericIE

from nitro_assets.assets.video_index.liveness import looked_at
from nitro_assets.fetch.download import DownloadError, download
from nitro_assets.fetch.listing import Found, alive
from nitro_assets.fetch.sources import Reject
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.backoff import APART, LONGEST
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.removed_upstream import quarantine_gone
from tests.assets.fetch.strangers.served import Served, listed, playing
from tests.assets.rows import ANNA, BERT, fit
from tests.assets.site_for_fetch import Answer


@pytest.mark.parametrize(
    ("said", "is_public"),
    [
        (None, True),
        ("unlisted", True),
        ("private", False),
        ("subscriber_only", False),
        ("new word", False),
        ({}, False),
    ],
)
def test_what_only_an_account_sees_is_not_public(
    settings: Settings, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any, is_public: bool
) -> None:
    real: Callable[..., Any] = GenericIE._real_extract
    monkeypatch.setattr(GenericIE, "_real_extract", lambda ie, url: {**real(ie, url), "availability": said})
    url = f"{served[0]}/watch/pong"
    (found,) = listed(settings, url)
    assert isinstance(found, Found) == is_public
    assert (alive(url, settings) == "alive") == is_public
    if is_public:
        assert download(url, tmp_path, "key", settings).is_file()
    else:
        with pytest.raises(DownloadError) as caught:
            download(url, tmp_path, "key", settings)
        assert caught.value.reason in ("private", "unreadable")


@pytest.mark.parametrize(
    ("status", "own", "elsewhere"),
    [
        (404, "gone", "missing"),
        (410, "gone", "missing"),
        (401, "denied", "denied"),
        (402, "denied", "denied"),
        (403, "denied", "denied"),
        (451, "denied", "denied"),
        (418, "network", "network"),
        (500, "network", "network"),
        (429, "busy", "busy"),
        (503, "busy", "busy"),
    ],
)
def test_a_status_says_something_about_a_video_only_on_its_own_page(
    settings: Settings, served: Served, tmp_path: Path, status: int, own: str, elsewhere: str
) -> None:
    base, server = served
    server.pages.update({"/lost": Answer(status=status), "/files/pong.mp4": Answer(status=status)})  # type: ignore[attr-defined]
    for path, reason in (("/lost", own), ("/watch/pong", elsewhere)):
        assert alive(base + path, settings) == ("gone" if reason == "gone" else "unknown")
        (reject,) = listed(settings, base + path)
        assert isinstance(reject, Reject)
        assert reject.again == ("changed" if reason == "gone" else "later")
        with pytest.raises(DownloadError) as caught:
            download(base + path, tmp_path, "key", settings)
        assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("said", "life"),
    [
        ("This is a private video", "private"),
        ("Join this channel to get access to members-only content", "private"),
        ("This video has been removed by the uploader", "gone"),
        ("Sign in to confirm you're not a bot", "unknown"),
        ("The uploader has not made this video available in your country", "unknown"),
        ("This video is only available for registered users. Please log in", "unknown"),
        ("Requested format is not available", "unknown"),
    ],
)
def test_a_page_says_in_words_what_became_of_its_video(
    settings: Settings, served: Served, monkeypatch: pytest.MonkeyPatch, said: str, life: str
) -> None:
    def extract(ie: GenericIE, url: str) -> None:
        from yt_dlp.utils import ExtractorError

        raise ExtractorError(said, expected=True, video_id="deleted private")

    monkeypatch.setattr(GenericIE, "_real_extract", extract)
    assert alive(f"{served[0]}/watch/pong", settings) == life


def test_that_a_video_is_gone_is_a_fact_when_it_is_found_twice_while_the_site_answers(
    settings: Settings, served: Served
) -> None:
    base, server = served
    both = (f"{base}/watch/never", f"{base}/watch/boxing")
    said = {"alive": "alive", "keep": True, "reason": "kept", "checked_at": datetime.now(UTC)}
    rows: list[dict[str, Any]] = [{"video_key": url, "address": url, **said} for url in both]

    def look(after: timedelta = APART, **answers: Answer) -> tuple[str, bool]:
        """What the index says of the first, once it has been looked at so long after the last time."""
        nonlocal rows
        server.pages = {f"/watch/{name}": answer for name, answer in answers.items()}  # type: ignore[attr-defined]
        rows = [{**row, "checked_at": row["checked_at"] - after} for row in rows]
        rows = looked_at(rows, (), settings, lambda fraction, message: None)
        assert rows[1]["keep"]
        return rows[0]["alive"], rows[0]["keep"]

    gone = Answer(status=404)
    assert [look(boxing=gone), look(boxing=gone)] == [("unknown", True)] * 2, "the whole site is in trouble"
    assert [look(), look(timedelta(0))] == [("gone once", True)] * 2, "found twice, but at once"
    assert look(never=Answer(status=403)) == ("gone once", True)
    assert look(never=playing()) == ("alive", True)
    assert [look(), look()] == [("gone once", True), ("gone", False)]
    assert rows[0]["reason"] == "gone: no longer public"
    assert look(LONGEST, never=playing()) == ("alive", True), "it is back"
    rows = rows[:1]
    rows.append({**rows[0], "address": "http://127.0.0.1:9/"})
    assert look() == ("unknown", True), "nothing else is known of its site, and nothing there answers"
    server.pages = {"/": Answer("Welcome")}  # type: ignore[attr-defined]
    assert looked_at(rows[:1], (), settings, lambda fraction, message: None)[0]["alive"] == "gone once"


def test_a_video_once_found_gone_is_no_takedown(lake: Lake, settings: Settings) -> None:
    settings = settings.model_copy(update={"upstream": True})
    rows: list[dict[str, object]] = [
        {"video_key": ANNA, "alive": "private once"},
        {"video_key": BERT, "alive": "unknown"},
    ]
    lake.write("video_index", "0000", fit("video_index", rows))
    assert quarantine_gone(lake, settings) == []
    lake.write("video_index", "0000", fit("video_index", [{**rows[0], "alive": "private"}]))
    assert [answer.outcome for answer in quarantine_gone(lake, settings)] == ["quarantined"]
