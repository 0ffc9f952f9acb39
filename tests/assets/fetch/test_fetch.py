"""Listing and downloading with the real yt-dlp, over loopback, behind the address guard."""

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from nitro_assets.fetch.download import DownloadError, download
from nitro_assets.fetch.listing import Found, alive, list_videos
from nitro_assets.fetch.sources import Reject, Source
from nitro_assets.settings import Settings
from tests.assets.site_for_fetch import FILM, HEIGHT, WIDTH, site


@pytest.fixture
def served() -> Iterator[tuple[str, ThreadingHTTPServer]]:
    with site() as (base, server):
        yield base, server


def listed(settings: Settings, address: str, limit: int | None = None) -> list[Found | Reject]:
    found = list(list_videos(Source("sources.yaml line 2", url=address, limit=limit), settings))
    rejects = [r for r in found if isinstance(r, Reject)]
    assert all(r.item == "sources.yaml line 2" and "127.0.0.1" not in r.message for r in rejects)
    return found


def test_a_page_yields_the_facts_the_page_and_the_file_state(
    settings: Settings, served: tuple[str, ThreadingHTTPServer]
) -> None:
    base, _ = served
    (found,) = listed(settings, f"{base}/watch/pong")
    assert isinstance(found, Found)
    assert (found.extractor, found.id, found.url) == ("generic", "pong", f"{base}/watch/pong")
    assert (found.title, found.uploader, found.channel) == ("Title of pong", "Ada", "Ada")
    assert (found.licence, found.game, str(found.published)) == ("CC-BY-4.0", "pong", "2024-05-06")
    assert (found.width, found.height, found.fps, found.duration) == (WIDTH, HEIGHT, 30.0, 2.0)
    assert not found.live


def test_a_feed_yields_its_videos_and_rejects_the_missing_one(
    settings: Settings, served: tuple[str, ThreadingHTTPServer]
) -> None:
    base, _ = served
    first, lost, last = listed(settings, f"{base}/feed.xml")
    assert isinstance(first, Found)
    assert isinstance(last, Found)
    assert isinstance(lost, Reject)
    assert (first.id, last.id) == ("pong", "boxing")
    assert "gone" in lost.message
    assert lost.video is not None
    assert lost.video[2] == f"{base}/watch/lost"
    assert [f.id for f in listed(settings, f"{base}/feed.xml", limit=1) if isinstance(f, Found)] == ["pong"]


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("/plain", "found no video at the address"),
        ("/watch/never", "the video is gone"),
        ("/private", "the site denies it"),
        ("/to-metadata-service", "found a link-local address"),
        ("/to-private", "found a private address"),
        ("/to-file", "isn't http or https"),
        ("/inner-page", "found a link-local address"),
        ("/file-page", "found no video at the address"),
    ],
)
def test_what_is_no_public_video_is_rejected_with_the_reason(
    settings: Settings, served: tuple[str, ThreadingHTTPServer], page: str, found: str
) -> None:
    (reject,) = listed(settings, served[0] + page)
    assert isinstance(reject, Reject)
    assert found in reject.message


def test_loopback_is_refused_unless_allowed(
    settings: Settings, served: tuple[str, ThreadingHTTPServer], tmp_path: Path
) -> None:
    base, server = served
    closed = settings.model_copy(update={"allow_loopback": False})
    (reject,) = listed(closed, f"{base}/watch/pong")
    assert isinstance(reject, Reject)
    assert "found a loopback address" in reject.message
    with pytest.raises(DownloadError, match="found a loopback address"):
        download(f"{base}/watch/pong", tmp_path, "key", closed)
    assert server.sent == []  # type: ignore[attr-defined]


def test_only_a_clear_answer_means_that_a_video_is_gone(
    settings: Settings, served: tuple[str, ThreadingHTTPServer]
) -> None:
    base, _ = served
    pages = ("/watch/pong", "/watch/never", "/private", "/plain")
    assert [alive(base + p, settings) for p in pages] == ["alive", "gone", "unknown", "unknown"]
    assert alive("http://127.0.0.1:1/", settings) == "unknown"


def test_a_download_resumes_where_the_connection_broke(
    settings: Settings, served: tuple[str, ThreadingHTTPServer], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    base, server = served
    server.cut = 2  # type: ignore[attr-defined]
    path = download(f"{base}/watch/pong", tmp_path / "videos", "a1b2", settings)
    assert path == tmp_path / "videos" / "a1b2.mp4"
    assert path.read_bytes() == FILM
    starts = [start for page, start, _ in server.sent if page.startswith("/files")]  # type: ignore[attr-defined]
    assert starts[-1] > 0, "the last request asked for the rest only"
    assert [p.name for p in path.parent.iterdir()] == ["a1b2.mp4"]
    assert capfd.readouterr() == ("", ""), "yt-dlp's own words hold addresses and titles"


@pytest.mark.parametrize(
    ("page", "most", "reason"),
    [
        ("/watch/never", 1 << 20, "gone"),
        ("/private", 1 << 20, "denied"),
        ("/plain", 1 << 20, "unsupported"),
        ("/feed.xml", 1 << 20, "unsupported"),
        ("/inner-page", 1 << 20, "refused"),
        ("/watch/pong", 1000, "too big"),
    ],
)
def test_a_failed_download_says_why_and_leaves_nothing(
    settings: Settings, served: tuple[str, ThreadingHTTPServer], tmp_path: Path, page: str, most: int, reason: str
) -> None:
    into = tmp_path / "videos"
    with pytest.raises(DownloadError) as caught:
        download(served[0] + page, into, "key", settings, max_bytes=most)
    assert caught.value.reason == reason
    assert "127.0.0.1" not in str(caught.value)
    assert list(into.iterdir()) == []
