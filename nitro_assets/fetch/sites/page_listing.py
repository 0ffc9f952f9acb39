"""What a page names: its one video, or all videos of a playlist or channel, by name only; and what its text says.

Lists stay flat: a channel of ten thousand videos is a few page fetches, not ten thousand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from yt_dlp.extractor import get_info_extractor

from nitro_assets.fetch.guards.refusals import FetchError
from nitro_assets.fetch.sites.stated import Entry, name, text
from nitro_assets.fetch.sites.ytdlp import GuardedYoutubeDL, client, look_up
from nitro_assets.identity import Names, canonical_channel, names_of
from nitro_assets.settings import Settings

MOST = 50_000  # videos of one list
MAX_DEPTH = 3  # a channel holds playlists, a playlist videos


@dataclass(frozen=True)
class Page:
    """`videos` are the names of each; `channel` the canonical name of the one channel that page and videos belong to.

    `channel` is None where the page doesn't say or its videos are of several; `channel_url` is where the site says a
    video's channel is; `description` the page's own text.
    """

    videos: tuple[Names, ...]
    channel: str | None
    is_list: bool
    channel_url: str | None
    description: str


def page(url: str, settings: Settings) -> Page:
    """Fetch what an address names. Raises `FetchError` with the reason."""
    with client(settings, 360, extract_flat="in_playlist", ignore_no_formats_error=True) as ydl:
        allow_loopback = settings.allow_loopback
        info = look_up(ydl, {"_type": "url", "url": url}, allow_loopback)
        said = _said(info)
        if "entries" not in info:
            return Page((_names(info, url),), _channel(info, url), False, name(info.get("channel_url")), said)
        entries = list(_flat(ydl, info, allow_loopback, MAX_DEPTH))
        if not entries:
            raise FetchError("unsupported", "found an empty list; needed are videos.")
        if len(entries) > MOST:
            raise FetchError("unsupported", f"found more than {MOST} videos; name the lists one by one.")
        names = dict.fromkeys(_names(entry, url) for entry in entries)
        return Page(tuple(names), _channel_of(ydl, entries, allow_loopback), True, url, said)


def _flat(ydl: GuardedYoutubeDL, info: dict[str, Any], allow_loopback: bool, depth: int) -> Iterator[dict[str, Any]]:
    """The videos of a list, lists within it opened; one that can't be is left out, as the site does."""
    for entry in info["entries"]:
        if not _is_entry(entry):
            continue
        if not _is_list(entry):
            yield entry
        elif depth:
            inner = entry if entry.get("entries") else look_up(ydl, entry, allow_loopback)
            yield from _flat(ydl, inner if "entries" in inner else {"entries": [inner]}, allow_loopback, depth - 1)


def _is_entry(entry: object) -> bool:
    """Whether it can be told where it leads."""
    try:
        return bool(entry) and isinstance(Entry.read(entry), Entry)
    except FetchError:
        return False


def _is_list(entry: dict[str, Any]) -> bool:
    if "entries" in entry:
        return True
    key = str(entry.get("ie_key") or "")
    if key == "YoutubeTab":  # takes single videos as well, but never hands them out under its own name
        return True
    return bool(key) and getattr(get_info_extractor(key), "_RETURN_TYPE", None) == "playlist"


def _names(entry: dict[str, Any], url: str) -> Names:
    said = Entry.read(entry)
    return names_of((said.extractor or "").lower() if said.id else "", said.id or "", said.page or url)


def _channel(info: dict[str, Any], url: str) -> str | None:
    said = Entry.read(info)
    owners = (name(info.get(key)) for key in ("channel_id", "uploader_id", "channel", "uploader"))
    owner = next((owner for owner in owners if owner), None)
    return canonical_channel(said.site, owner, said.webpage_url or url) if owner else None


def _said(info: dict[str, Any]) -> str:
    try:
        return text(info.get("description")) or ""
    except ValueError:
        return ""


def _channel_of(ydl: GuardedYoutubeDL, entries: list[dict[str, Any]], allow_loopback: bool) -> str | None:
    """The channel of two videos that can be read, the first and the last if possible, where it is the same."""
    read: list[str | None] = []
    for entry in (entries[0], *entries[:0:-1][:1], *entries[1:5]):
        try:
            read.append(_channel(look_up(ydl, entry, allow_loopback), ""))
        except FetchError as error:
            if error.reason in ("network", "busy"):
                raise
        if len(read) == 2:
            break
    return read[0] if len(set(read)) == 1 else None
