"""Downloads that go wrong, from a real server by the real yt-dlp: busy, broken and cut; pace, room and cookies."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from nitro_assets.fetch.download import DownloadError, download, downloaded
from nitro_assets.fetch.guards import disk_quota, rate_limit, stall_timeout
from nitro_assets.fetch.guards.rate_limit import RateLimit
from nitro_assets.fetch.listing import alive
from nitro_assets.fetch.sites import ytdlp
from nitro_assets.runtime.clips.clip_loader import fetched
from nitro_assets.settings import Settings
from tests.assets.corpus import environment
from tests.assets.rows import ANNA
from tests.assets.site_for_fetch import FILM, Drip, site

Served = tuple[str, ThreadingHTTPServer]


def wait_for(found: Callable[[], object], seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end
        time.sleep(0.02)


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
        ([403], 0, "denied"),
        ([404], 0, "missing"),
    ],
)
def test_trouble_that_passes_is_waited_out_and_other_has_a_reason(
    settings: Settings, served: Served, tmp_path: Path, fails: list[int], cut: int, reason: str | None
) -> None:
    base, server = served
    server.fails, server.cut = fails, cut  # type: ignore[attr-defined]
    if reason is None:
        assert download(f"{base}/watch/pong", tmp_path, "key", settings).read_bytes() == FILM
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
    assert download(f"{base}/watch/pong", tmp_path / "into", "key", settings).read_bytes() == FILM
    assert server.sent[-1][1] > 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "drip",
    [Drip("/files", 0, 1), Drip("/files", 40_000, 1), Drip("/watch", 0, 1)],
    ids=["a file", "the rest of a file", "a page"],
)
def test_a_server_that_trickles_is_given_up_like_one_that_is_silent(
    settings: Settings, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drip: Drip
) -> None:
    base, server = served
    film = FILM + bytes(300_000)
    monkeypatch.setattr("tests.assets.site_for_fetch.FILM", film)
    monkeypatch.setattr(stall_timeout, "WINDOW", 0.2)
    server.drip = drip  # type: ignore[attr-defined]
    with pytest.raises(DownloadError, match="too slow") as caught:
        download(f"{base}/watch/pong", tmp_path, "key", settings)
    assert caught.value.reason == "network"
    left = sum(part.stat().st_size for part in tmp_path.glob("*.part"))
    assert left >= drip.after // 2, "a later call goes on with it"
    server.drip = Drip("/", 0, 4000)  # type: ignore[attr-defined]  # slow, but above the least
    assert download(f"{base}/watch/pong", tmp_path, "key", settings).read_bytes() == film


@pytest.mark.parametrize("same", [True, False], ids=["the same file", "another file"])
def test_a_killed_download_is_resumed_by_a_later_run_if_it_is_still_the_same_file(
    settings: Settings, served: Served, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, server = served
    film = FILM + bytes(100_000)  # more than is buffered before it is written
    monkeypatch.setattr("tests.assets.site_for_fetch.FILM", film)
    server.stops = True  # type: ignore[attr-defined]
    program = f"""
from nitro_assets.settings import Settings
from nitro_assets.runtime.clips.clip_loader import fetched
with fetched(Settings(), "{base}/watch/pong", "{ANNA}"):
    pass
"""
    with subprocess.Popen([sys.executable, "-c", program], env={**os.environ, **environment(settings)}) as first:
        parts = settings.cache_folder / "videos"
        wait_for(lambda: any(p.stat().st_size for p in parts.glob("*/*.part")) and list(parts.glob("*/*.size")))
        first.send_signal(signal.SIGKILL)
    server.stops = False  # type: ignore[attr-defined]
    folder = settings.cache_folder / "videos" / ANNA
    assert folder.stat().st_mode & 0o077 == 0
    (part,) = folder.glob("*.part")
    left = part.stat().st_size
    assert 0 < left < len(film)
    if not same:
        film += bytes(200)
        monkeypatch.setattr("tests.assets.site_for_fetch.FILM", film)
    server.sent.clear()  # type: ignore[attr-defined]
    with fetched(settings, f"{base}/watch/pong", ANNA) as video:
        assert video.read_bytes() == film
    starts = [start for page, start, _ in server.sent if page.startswith("/files")]  # type: ignore[attr-defined]
    assert starts[-1] == (left if same else 0), starts
    assert not folder.exists()


def test_two_who_want_the_same_video_at_once_do_not_share_a_file(settings: Settings, served: Served) -> None:
    address = f"{served[0]}/watch/pong"
    with fetched(settings, address, ANNA) as first, fetched(settings, address, ANNA) as second:
        assert first != second
        assert first.read_bytes() == second.read_bytes() == FILM
    assert list(settings.cache_folder.rglob("*.mp4")) == []


def test_the_disk_counts_more_than_the_budget(
    settings: Settings, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk's own figure is the only thing that isn't real."""
    base, _ = served
    usage = shutil.disk_usage(tmp_path)
    left = [len(FILM) * 2]
    monkeypatch.setattr(disk_quota.shutil, "disk_usage", lambda _: usage._replace(free=disk_quota.SPARE + left[0]))
    with downloaded(f"{base}/watch/pong", tmp_path / "a", "key", settings) as video:
        assert video.read_bytes() == FILM
    for left[0] in (len(FILM) // 2, -1):
        with (
            pytest.raises(
                OSError, match=rf"found {max(left[0], 0)} bytes .*needs.*NITRO_CACHE.*{tmp_path}/a"
            ) as caught,
            downloaded(f"{base}/watch/pong", tmp_path / "a", "key", settings),
        ):
            raise AssertionError("there is no room for it")
        assert caught.value.errno == errno.ENOSPC
    left[0] = 100
    with (
        disk_quota.reserve_quota(settings.downloads, 1000, 60, tmp_path),
        pytest.raises(ytdlp.FetchError, match="free some disk"),
        disk_quota.reserve_quota(settings.downloads, 1000, 60, tmp_path, patience=0.01),
    ):
        raise AssertionError("another download holds it")


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
                video.unlink()

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
    with disk_quota.reserve_quota(folder, 100, 100, tmp_path) as held:
        with (
            pytest.raises(ytdlp.FetchError, match="no room"),
            disk_quota.reserve_quota(folder, 100, 60, tmp_path, patience=0.01),
        ):
            pass
        held.need(40)
        with disk_quota.reserve_quota(folder, 100, 60, tmp_path, patience=0.01):
            pass
    assert [p.name for p in folder.iterdir()] == ["turn"]


def test_a_host_is_paced_across_processes_whatever_its_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, slept = tmp_path / "downloads", list[float]()
    monkeypatch.setattr(rate_limit.time, "sleep", slept.append)
    for _ in range(rate_limit.BURST):
        RateLimit(folder).wait("http://a/1")
    assert not slept
    RateLimit(folder).wait("http://a/2")
    assert slept.pop() == pytest.approx(1 / rate_limit.RATE, abs=0.1)
    RateLimit(folder).wait("http://b/")
    assert not slept, "another host has its own pace"
    RateLimit(folder).hold("http://b/", 30)
    RateLimit(folder).wait("http://b/")
    assert slept.pop() == pytest.approx(30, abs=0.5)
    for found in ("1e300", "nan", "-5", "half a"):
        for file in folder.iterdir():
            file.write_text(found)
        RateLimit(folder).wait("http://a/")
    assert all(seconds <= rate_limit.LONGEST for seconds in slept)


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
