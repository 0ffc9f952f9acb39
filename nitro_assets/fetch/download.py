"""One video's file, with yt-dlp, under a name that says nothing; resumed where an earlier try broke off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from nitro_assets.fetch.guards.disk_quota import reserve_quota
from nitro_assets.fetch.guards.refusals import FetchError
from nitro_assets.fetch.guards.ssrf_guard import AddressError, guard
from nitro_assets.fetch.sites.stated import Stated
from nitro_assets.fetch.sites.ytdlp import attempt, client
from nitro_assets.settings import Settings

MAX_BYTES = 4 << 30
MAX_HEIGHT = 360
"""Lines of the picture; models see fewer."""


class DownloadError(FetchError):
    """A download that failed; `reason` is its class, and the message holds no address, id or title."""


@contextmanager
def downloaded(url: str, into: Path, name: str, settings: Settings, most: int = MAX_BYTES) -> Iterator[Path]:
    """As `download`, within the budget of all downloads of this machine and what its disk has left.

    Waits for room, and holds it while the file is used, which is deleted afterwards. Whoever is killed or interrupted
    leaves it, and a later call goes on with it. Raises `OSError` where the disk is full.
    """
    budget = int(settings.download_gb * 1e9)
    into.mkdir(parents=True, exist_ok=True)
    try:
        with reserve_quota(settings.downloads, budget, min(most, budget), into) as held:
            file = download(url, into, name, settings, max_bytes=min(most, budget), told=held.need)
            try:
                yield file
            except Exception:
                _remove(into, name)
                raise
            _remove(into, name)
    except DownloadError:
        raise
    except FetchError as error:
        raise DownloadError(error.reason, str(error)) from None


def download(
    url: str,
    into: Path,
    name: str,
    settings: Settings,
    max_height: int = MAX_HEIGHT,
    max_bytes: int = MAX_BYTES,
    told: Callable[[int], None] = lambda size: None,
) -> Path:
    """The file `into/name.EXT`, at the best resolution up to `max_height` lines, else the lowest there is.

    What was fetched before (`.part`) is resumed where the server still announces as many bytes as it did then, which
    `told` hears; the length is checked against that. Raises `DownloadError`, and leaves a part of the file only where
    the network failed or the site was busy and a later call resumes it.
    """
    try:
        guard(url, settings.allow_loopback)
    except AddressError as error:
        raise DownloadError("refused", str(error)) from None
    into.mkdir(parents=True, exist_ok=True)
    part = _Part(into, name)
    options = {
        "paths": {"home": str(into)},
        "outtmpl": {"default": f"{name}.%(ext)s"},
        "extract_flat": "in_playlist",  # a list is never downloaded
        "continuedl": True,
        "updatetime": False,
        "match_filter": _refuse,
        "progress_hooks": [part.watch, partial(_watch, max_bytes, told)],
    }
    with client(settings, max_height, **options) as ydl:
        try:
            info = attempt(lambda: ydl.extract_info(url, download=True), settings.allow_loopback, url) or {}
        except FetchError as error:
            if part.is_of_another:
                part.remove()
                return download(url, into, name, settings, max_height, max_bytes, told)
            if error.reason not in ("network", "busy"):
                _remove(into, name)
            raise DownloadError(error.reason, str(error)) from None
    done = info.get("requested_downloads") or [{}]
    path = into / Path(done[0].get("filepath") or "nothing").name
    if not path.is_file() or not path.stat().st_size:
        _remove(into, name)
        raise DownloadError("unsupported", "found no single video at the address; needed is a page of one video.")
    part.whole()
    told(path.stat().st_size)
    return path


class _Part:
    """The part of a file that an earlier call left, and in `NAME.size` how long the whole file was then.

    Without that nothing shows whether the server still has the same file, and the part goes; so does one that came in
    fragments, which have no length of their own.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._size = folder / f"{name}.size"
        self._resumed = bool(list(folder.glob(f"{name}.*.part")))
        self.is_of_another = False
        if self._resumed and (not self._size.is_file() or list(folder.glob(f"{name}.*.ytdl"))):
            self.remove()

    def watch(self, progress: dict[str, Any]) -> None:
        """A progress hook. Raises `FetchError` where the part is of another file."""
        found = progress.get("total_bytes")
        if self._resumed and found and self._size.read_text() != str(found):
            self.is_of_another = True
            raise FetchError("network")
        if found and not self._size.is_file():
            self._size.write_text(str(found))

    def whole(self) -> None:
        """The file is there."""
        self._size.unlink(missing_ok=True)

    def remove(self) -> None:
        self._resumed = False
        _remove(self._folder, self._name)


def _remove(folder: Path, name: str) -> None:
    for path in folder.glob(f"{name}.*"):
        path.unlink(missing_ok=True)


def _refuse(info: dict[str, Any], *, incomplete: bool = False) -> None:
    """What became of the page since it was listed; a list's entries are none of its videos."""
    page = Stated.read(info)
    page.check_public()
    if page.live:
        raise FetchError("live")


def _watch(most: int, told: Callable[[int], None], progress: dict[str, Any]) -> None:
    """Whether the file is too big, by what came and by what the server says of this very file; no guess counts."""
    found = max(progress.get(key) or 0 for key in ("downloaded_bytes", "total_bytes"))
    if found > most:
        found_allowed = f"found {found:.0f} bytes; allowed are {most}"
        raise FetchError("too big", f"{found_allowed}. Lower the resolution or raise NITRO_DOWNLOAD_GB.")
    if size := progress.get("total_bytes"):
        told(size)
