"""Downloads that go wrong, from a real server by the real yt-dlp: busy, broken and cut; pace, room and cookies."""

import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from nitro_assets.fetch import pace, room, ytdlp
from nitro_assets.fetch.download import DownloadError, download, downloaded, is_cut
from nitro_assets.fetch.listing import alive
from nitro_assets.fetch.pace import Pace
from nitro_assets.settings import Settings
from tests.assets.site_for_fetch import FILM, site

Served = tuple[str, ThreadingHTTPServer]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(ytdlp, "PAUSE", 0.02)
    with site() as (base, server):
        yield base, server


@pytest.mark.parametrize(
    ("fails", "cut", "reason"),
    [
        ([429, 503, 500], 1, None),
        ([500] * 50, 0, "network"),
        ([429] * 50, 0, "busy"),
        ([503] * 50, 0, "busy"),
        ([403], 0, "private"),
        ([404], 0, "gone"),
    ],
)
def test_trouble_that_passes_is_waited_out_and_other_has_a_reason(
    settings: Settings, served: Served, tmp_path: Path, fails: list[int], cut: int, reason: str | None
) -> None:
    base, server = served
    server.fails, server.cut = fails, cut  # type: ignore[attr-defined]
    if reason is None:
        assert download(f"{base}/watch/pong", tmp_path, "key", settings).path.read_bytes() == FILM
        return
    with pytest.raises(DownloadError) as caught:
        download(f"{base}/watch/pong", tmp_path, "key", settings)
    assert caught.value.reason == reason


def test_a_later_call_asks_for_the_rest_only(
    settings: Settings, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, server = served
    monkeypatch.setattr(ytdlp, "RETRIES", 0)
    server.cut = 2  # type: ignore[attr-defined]
    with pytest.raises(DownloadError, match="broke off"):
        download(f"{base}/watch/pong", tmp_path / "into", "key", settings)
    assert download(f"{base}/watch/pong", tmp_path / "into", "key", settings).path.read_bytes() == FILM
    assert server.sent[-1][1] > 0  # type: ignore[attr-defined]


def test_a_video_that_ends_before_its_stated_length_is_cut(settings: Settings, served: Served, tmp_path: Path) -> None:
    base, server = served
    server.said = {"duration": "PT20S"}  # type: ignore[attr-defined]
    video = download(f"{base}/watch/pong", tmp_path, "key", settings)
    assert video.duration == 20
    assert is_cut(video.duration, 2.0)
    assert not is_cut(None, 2.0)
    assert not is_cut(4.0, 2.0), "pages round"


def test_downloads_wait_for_room_and_never_take_more(settings: Settings, served: Served, tmp_path: Path) -> None:
    base, _ = served
    budget = int(len(FILM) * 1.5)
    tight = settings.model_copy(update={"download_gb": budget / 1e9})
    taken: list[int] = []

    def lane(number: int) -> None:
        for turn in range(2):
            folder = tmp_path / f"lane{number}-{turn}"
            with downloaded(f"{base}/watch/pong", folder, "key", tight) as video:
                taken.append(sum(p.stat().st_size for p in tmp_path.glob("lane*/key*")))
                time.sleep(0.05)
                video.path.unlink()

    lanes = [threading.Thread(target=lane, args=(n,)) for n in range(2)]
    for each in lanes:
        each.start()
    for each in lanes:
        each.join(20)
    assert len(taken) == 4
    assert max(taken) <= budget
    assert not list(settings.downloads.glob("*.room"))
    small = settings.model_copy(update={"download_gb": 1000 / 1e9})
    with (
        pytest.raises(DownloadError, match=r"allowed are 1000.*NITRO_DOWNLOAD_GB"),
        downloaded(f"{base}/watch/pong", tmp_path / "x", "key", small),
    ):
        raise AssertionError("a file larger than the whole budget is never there")


def test_room_is_given_back_shrunk_and_taken_from_the_dead(tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "dead.room").write_text(f"{100:020d}")
    with room.room(folder, 100, 100) as shrink:
        with pytest.raises(ytdlp.FetchError, match="no room"), room.room(folder, 100, 60, patience=0.01):
            pass
        shrink(40)
        with room.room(folder, 100, 60, patience=0.01):
            pass
    assert [p.name for p in folder.iterdir()] == ["turn"]


def test_a_host_is_paced_across_processes_whatever_its_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, slept = tmp_path / "downloads", list[float]()
    monkeypatch.setattr(pace.time, "sleep", slept.append)
    for _ in range(pace.BURST):
        Pace(folder).wait("http://a/1")
    assert not slept
    Pace(folder).wait("http://a/2")
    assert slept.pop() == pytest.approx(1 / pace.RATE, abs=0.1)
    Pace(folder).wait("http://b/")
    assert not slept, "another host has its own pace"
    Pace(folder).hold("http://b/", 30)
    Pace(folder).wait("http://b/")
    assert slept.pop() == pytest.approx(30, abs=0.5)
    for found in ("1e300", "nan", "-5", "half a"):
        for file in folder.iterdir():
            file.write_text(found)
        Pace(folder).wait("http://a/")
    assert all(seconds <= pace.LONGEST for seconds in slept)


def test_cookies_are_sent_and_never_written(settings: Settings, served: Served, tmp_path: Path) -> None:
    base, server = served
    file = tmp_path / "cookies.txt"
    file.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tname\tsecret\n")
    before = file.read_bytes()
    own = settings.model_copy(update={"cookies": file})
    assert alive(f"{base}/watch/pong", own) == "alive"
    assert "name=secret" in server.cookies  # type: ignore[attr-defined]
    assert file.read_bytes() == before
    file.write_text("secret nonsense\n")
    for bad in (file, tmp_path / "missing"):
        with pytest.raises(ytdlp.CookiesError, match="NITRO_COOKIES") as caught:
            alive(f"{base}/watch/pong", settings.model_copy(update={"cookies": bad}))
        assert "secret" not in str(caught.value)
