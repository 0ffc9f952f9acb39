"""From a source to its videos, with yt-dlp; metadata only. And whether a known video is still there."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from nitro_assets.fetch.curate import Facts, Rules, measures
from nitro_assets.fetch.guards.refusals import FetchError
from nitro_assets.fetch.guards.ssrf_guard import AddressError, guard
from nitro_assets.fetch.sites import remote_header
from nitro_assets.fetch.sites.stated import Entry, Stated, headers
from nitro_assets.fetch.sites.ytdlp import GuardedYoutubeDL, attempt, client, look_up
from nitro_assets.fetch.sources import Reject, Source
from nitro_assets.settings import Settings

MAX_HEIGHT = 360  # pixels; models see far less
MAX_DEPTH = 3  # a channel holds playlists, a playlist videos
STATED = re.compile(r"^\s*(licen[cs]e|game)\s*:\s*(\S.{0,200}?)\s*$", re.IGNORECASE | re.MULTILINE)
Life = Literal["alive", "gone", "private", "unknown"]


@dataclass(frozen=True)
class Found(Facts):
    """A video's public metadata, raw: `Facts` and where it is.

    `url` is the page; `channel` the site's own id of the channel, else its name; `published` the day (UTC) where known;
    `width`, `height` and `fps` those of the format that would be downloaded.
    """

    extractor: str
    id: str
    url: str
    uploader: str | None
    channel: str | None
    published: date | None
    width: int | None
    picture: str | None = None


def list_videos(
    source: Source, settings: Settings, taken: Callable[[Found], bool] = lambda found: True
) -> Iterator[Found | Reject]:
    """The videos of a source, each with its full metadata, until as many were `taken` as its limit allows.

    What fails is a reject of its own, and counts for nothing.
    """
    count = 0
    with client(settings, MAX_HEIGHT, extract_flat="in_playlist", ignore_no_formats_error=True) as ydl:
        for found in _Walk(ydl, source, settings).videos({"_type": "url", "url": source.ytdlp_url}, MAX_DEPTH):
            count += isinstance(found, Found) and taken(found)
            yield found
            if count == source.limit:
                return


def alive(url: str, settings: Settings) -> Life:
    """What the video's page says of it now. Trouble on the way, or a page that can't be read, is "unknown"."""
    with client(settings, MAX_HEIGHT, extract_flat="in_playlist", playlistend=1) as ydl:
        try:
            info = look_up(ydl, {"_type": "url", "url": url}, settings.allow_loopback)
            Stated.read(info).check_public()
        except FetchError as error:
            return error.reason if error.reason in ("gone", "private") else "unknown"
    return "alive"


def answers(url: str, settings: Settings) -> bool:
    """Whether there is any page at an address."""
    with client(settings, MAX_HEIGHT) as ydl:
        try:
            guard(url, settings.allow_loopback)
            attempt(lambda: ydl.urlopen(url).close(), settings.allow_loopback)
        except (AddressError, FetchError):
            return False
    return True


@dataclass(frozen=True)
class _Walk:
    """Through one source: its video, or its lists and theirs."""

    ydl: GuardedYoutubeDL
    source: Source
    settings: Settings

    def videos(self, entry: dict[str, Any], depth: int) -> Iterator[Found | Reject]:
        """What an entry leads to."""
        try:
            info = self._look_up(entry, 1)
            if "entries" not in info:
                yield self._found(info)
                return
        except FetchError as error:
            yield self._reject(error, entry)
            return
        if not depth:
            found = f"found lists within lists, more than {MAX_DEPTH} deep; needed are videos."
            yield self._reject(FetchError("unsupported", found))
            return
        empty = True
        for each in self._entries(entry, info):
            empty = False
            if isinstance(each, Reject):
                yield each
            elif each.get("_type", "video") == "video" and each.get("webpage_url") == info.get("webpage_url"):
                found = "found a page of several videos; name each by an address of its own."
                yield self._reject(FetchError("unsupported", found), each)
            else:
                yield from self.videos(each, depth - 1)
        if empty:
            yield self._reject(FetchError("unsupported", "found an empty list; needed are videos."))

    def _entries(self, entry: dict[str, Any], info: dict[str, Any]) -> Iterator[dict[str, Any] | Reject]:
        """A list's entries; where the source has a limit, more of them only once they are asked for."""
        first, limit = 1, self.source.limit
        while True:
            found = info["entries"] if isinstance(info["entries"], list) else []
            for each in found:
                if isinstance(each, dict):
                    yield each
                elif each is not None:
                    yield self._reject(FetchError("unreadable", "found an entry of its list that is no mapping."))
            first += len(found)
            if not limit or len(found) < _window(first - len(found), limit):
                return
            try:
                info = self._look_up(entry, first)
            except FetchError as error:
                yield self._reject(error)
                return
            if "entries" not in info:
                return

    def _look_up(self, entry: dict[str, Any], first: int) -> dict[str, Any]:
        """What an entry leads to; of a list the entries from number `first` on."""
        last = first + _window(first, self.source.limit) - 1 if self.source.limit else None
        self.ydl.params |= {"playliststart": first, "playlistend": last}
        return look_up(self.ydl, entry, self.settings.allow_loopback)

    def _reject(self, error: FetchError, entry: dict[str, Any] | None = None) -> Reject:
        """One thing left out; `entry` where it may be a video."""
        try:
            said = Entry.read(entry or {})
        except FetchError:
            said = Entry()
        address = said.page or self.source.url
        video = (said.extractor, said.id, address) if entry and address and "://" in address else None
        return Reject(self.source.name, str(error), video, error.again)

    def _found(self, info: dict[str, Any]) -> Found:
        """Raises `FetchError` for what can't be read, and for what isn't public."""
        page = Stated.read(info)
        page.check_public()
        if page.id is None:
            raise FetchError("unreadable", "its page's id can't be read: found none.")
        said = {
            key.lower().replace("license", "licence"): value for key, value in STATED.findall(page.description or "")
        }
        found = Found(
            title=page.title,
            description=page.description,
            game=self.source.game or said.get("game"),
            licence=self.source.licence or page.license or said.get("licence"),
            duration=page.duration,
            height=page.height,
            fps=page.fps,
            live=page.live,
            age_limit=page.age_limit,
            extractor=page.site,
            id=page.id,
            url=page.webpage_url or self.source.ytdlp_url,
            uploader=page.uploader or page.channel,
            channel=page.owner,
            published=page.published,
            width=page.width,
            picture=page.picture,
        )
        return found if found.live else self._measured(found, page, info)

    def _measured(self, found: Found, page: Stated, info: dict[str, Any]) -> Found:
        """With what the file's own header says, where the page leaves measures open or speaks against them."""
        complete = None not in (found.duration, found.width, found.height, found.fps)
        if page.protocol not in ("http", "https") or (complete and not measures(found, Rules.of(self.settings))):
            return found
        try:
            url = str(info.get("url") or "")
            read = attempt(lambda: remote_header.header(self.ydl, url, headers(info)), self.settings.allow_loopback)
        except FetchError as error:
            if error.again == "later":
                return found
            raise
        if read is None:
            return found
        return replace(
            found,
            duration=read.duration or found.duration,
            width=read.width,
            height=read.height,
            fps=read.fps or found.fps,
            picture=read.picture,
        )


def _window(first: int, limit: int) -> int:
    """How many entries of a list are looked at together: as many as are wanted, then as many as there were so far."""
    return max(limit, first - 1)
