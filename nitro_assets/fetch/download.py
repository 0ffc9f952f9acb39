"""One video's file, with yt-dlp, under a name that says nothing; resumed where an earlier try broke off."""

from functools import partial
from pathlib import Path
from typing import Any

from nitro_assets.fetch.address import AddressError, guard
from nitro_assets.fetch.ytdlp import FetchError, attempt, client

MAX_BYTES = 4 << 30


class DownloadError(FetchError):
    """A download that failed; `reason` is its class, and the message holds no address, id or title."""


def download(
    url: str,
    into: Path,
    name: str,
    allow_loopback: bool,
    max_height: int = 360,
    max_bytes: int = MAX_BYTES,
) -> Path:
    """The file `into/name.EXT`, at the best resolution up to `max_height` lines, else the lowest there is.

    What was fetched before (`.part`) is resumed; the length is checked against what the server announced. Raises
    `DownloadError`, and leaves a part of the file only where the network failed and a later call resumes it.
    """
    try:
        guard(url, allow_loopback)
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
        "progress_hooks": [partial(_refuse_size, max_bytes)],
    }
    with client(max_height, **options) as ydl:
        try:
            info = attempt(lambda: ydl.extract_info(url, download=True), allow_loopback)
        except FetchError as error:
            if error.reason != "network":
                _remove(into, name)
            raise DownloadError(error.reason, str(error)) from None
    done = (info or {}).get("requested_downloads") or [{}]
    path = into / Path(done[0].get("filepath") or "nothing").name
    if not path.is_file() or not path.stat().st_size:
        _remove(into, name)
        raise DownloadError("unsupported", "found no single video at the address; needed is a page of one video.")
    return path


def _remove(folder: Path, name: str) -> None:
    for path in folder.glob(f"{name}.*"):
        path.unlink()


def _refuse_live(info: dict[str, Any], *, incomplete: bool = False) -> None:
    if info.get("live_status") in ("is_live", "is_upcoming") or info.get("is_live"):
        raise FetchError("unsupported", "found a live stream; needed is a finished recording.")


def _refuse_size(most: int, progress: dict[str, Any]) -> None:
    found = max(progress.get(key) or 0 for key in ("downloaded_bytes", "total_bytes", "total_bytes_estimate"))
    if found > most:
        raise FetchError(
            "too big", f"found {found:.0f} bytes; allowed are {most}. Lower the resolution or raise the limit."
        )
