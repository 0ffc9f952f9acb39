"""One video's file, with yt-dlp, under a name that says nothing; resumed where an earlier try broke off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from nitro_assets.fetch.address import AddressError, guard
from nitro_assets.fetch.room import room
from nitro_assets.fetch.ytdlp import FetchError, attempt, client
from nitro_assets.settings import Settings

MAX_BYTES = 4 << 30


class DownloadError(FetchError):
    """A download that failed; `reason` is its class, and the message holds no address, id or title."""


@dataclass(frozen=True)
class Video:
    """A file, and the seconds that its page says it lasts, where it says so."""

    path: Path
    duration: float | None


def is_cut(stated: float | None, seconds: float) -> bool:
    """Whether a video ends too early: more than 3 s and 2% before the length its page states.

    Pages round to seconds and count the sound; only what is decoded shows that a server sent half a file.
    """
    return stated is not None and seconds < stated - max(3.0, 0.02 * stated)


@contextmanager
def downloaded(url: str, into: Path, name: str, settings: Settings, most: int = MAX_BYTES) -> Iterator[Video]:
    """As `download`, within the budget of all downloads of this machine: waits for room, and holds it while the file
    is used."""
    budget = int(settings.download_gb * 1e9)
    most = min(most, budget)
    try:
        with room(settings.downloads, budget, most) as shrink:
            yield download(url, into, name, settings, max_bytes=most, told=shrink)
    except DownloadError:
        raise
    except FetchError as error:
        raise DownloadError(error.reason, str(error)) from None


def download(
    url: str,
    into: Path,
    name: str,
    settings: Settings,
    max_height: int = 360,
    max_bytes: int = MAX_BYTES,
    told: Callable[[int], None] = lambda size: None,
) -> Video:
    """The file `into/name.EXT`, at the best resolution up to `max_height` lines, else the lowest there is.

    What was fetched before (`.part`) is resumed; the length is checked against what the server announced, which `told`
    hears. Raises `DownloadError`, and leaves a part of the file only where the network failed or the site was busy and
    a later call resumes it.
    """
    try:
        guard(url, settings.allow_loopback)
    except AddressError as error:
        raise DownloadError("refused", str(error)) from None
    into.mkdir(parents=True, exist_ok=True)
    options = {
        "paths": {"home": str(into)},
        "outtmpl": {"default": f"{name}.%(ext)s"},
        "extract_flat": "in_playlist",  # a list is never downloaded
        "continuedl": True,
        "updatetime": False,
        "match_filter": _refuse_live,
        "progress_hooks": [partial(_watch, max_bytes, told)],
    }
    with client(settings, max_height, **options) as ydl:
        try:
            info = attempt(lambda: ydl.extract_info(url, download=True), settings.allow_loopback) or {}
        except FetchError as error:
            if error.reason not in ("network", "busy"):
                _remove(into, name)
            raise DownloadError(error.reason, str(error)) from None
    done = info.get("requested_downloads") or [{}]
    path = into / Path(done[0].get("filepath") or "nothing").name
    if not path.is_file() or not path.stat().st_size:
        _remove(into, name)
        raise DownloadError("unsupported", "found no single video at the address; needed is a page of one video.")
    told(path.stat().st_size)
    return Video(path, info.get("duration"))


def _remove(folder: Path, name: str) -> None:
    for path in folder.glob(f"{name}.*"):
        path.unlink()


def _refuse_live(info: dict[str, Any], *, incomplete: bool = False) -> None:
    if info.get("live_status") in ("is_live", "is_upcoming") or info.get("is_live"):
        raise FetchError("unsupported", "found a live stream; needed is a finished recording.")


def _watch(most: int, told: Callable[[int], None], progress: dict[str, Any]) -> None:
    found = max(progress.get(key) or 0 for key in ("downloaded_bytes", "total_bytes", "total_bytes_estimate"))
    if found > most:
        found_allowed = f"found {found:.0f} bytes; allowed are {most}"
        raise FetchError("too big", f"{found_allowed}. Lower the resolution or raise NITRO_DOWNLOAD_GB.")
    if size := progress.get("total_bytes"):
        told(size)
