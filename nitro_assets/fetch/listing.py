"""From a source to its videos, with yt-dlp; metadata only. And whether a known video is still there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from yt_dlp.utils import unsmuggle_url

from nitro_assets.fetch import remote
from nitro_assets.fetch.curate import Facts
from nitro_assets.fetch.sources import Reject, Source
from nitro_assets.fetch.ytdlp import FetchError, Guarded, attempt, client, look_up
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


def list_videos(source: Source, settings: Settings) -> Iterator[Found | Reject]:
    """Every video of a source, up to its limit, each with its full metadata; what fails is a reject of its own."""
    options = {"extract_flat": "in_playlist", "playlistend": source.limit, "ignore_no_formats_error": True}
    with client(settings, MAX_HEIGHT, **options) as ydl:
        start = {"_type": "url", "url": source.address}
        for count, found in enumerate(_walk(ydl, start, source, settings.allow_loopback, MAX_DEPTH), 1):
            yield found
            if count == source.limit:
                return


def alive(url: str, settings: Settings) -> Life:
    """Whether the video is still public. Trouble on the way, or a page that can't be read, is "unknown", not death."""
    with client(settings, MAX_HEIGHT, extract_flat="in_playlist", playlistend=1) as ydl:
        try:
            look_up(ydl, {"_type": "url", "url": url}, settings.allow_loopback)
        except FetchError as error:
            return error.reason if error.reason in ("gone", "private") else "unknown"
    return "alive"


def _walk(
    ydl: Guarded, entry: dict[str, Any], source: Source, allow_loopback: bool, depth: int
) -> Iterator[Found | Reject]:
    try:
        info = look_up(ydl, entry, allow_loopback)
        entries = [e for e in info["entries"] if e] if "entries" in info else None
        if entries is None:
            yield _found(ydl, info, source, allow_loopback)
            return
    except FetchError as error:
        address = str(entry.get("webpage_url") or entry.get("url") or source.address)
        yield Reject(source.name, str(error), (entry.get("extractor"), entry.get("id"), address))
        return
    if not entries or not depth:
        found = "found an empty list" if depth else f"found lists within lists, more than {MAX_DEPTH} deep"
        yield Reject(source.name, f"{found}; needed are videos.", (None, None, source.address))
        return
    for each in entries:
        if each.get("_type", "video") == "video" and each.get("webpage_url") == info.get("webpage_url"):
            found = "found a page of several videos; name each by an address of its own."
            yield Reject(source.name, found, (each.get("extractor"), each.get("id"), source.address))
            continue
        yield from _walk(ydl, each, source, allow_loopback, depth - 1)


def _found(ydl: Guarded, info: dict[str, Any], source: Source, allow_loopback: bool) -> Found:
    text = str(info.get("description") or "")
    stated = {key.lower().replace("license", "licence"): value for key, value in STATED.findall(text)}
    duration, width, height, fps, picture = _measures(ydl, info, allow_loopback)
    return Found(
        title=info.get("title"),
        description=text or None,
        game=source.game or stated.get("game"),
        licence=source.licence or info.get("license") or stated.get("licence"),
        duration=duration,
        height=height,
        fps=fps,
        live=info.get("live_status") in ("is_live", "is_upcoming", "post_live") or bool(info.get("is_live")),
        age_limit=info.get("age_limit"),
        extractor=str(info.get("extractor_key") or info.get("extractor") or "generic").lower(),
        id=str(info["id"]),
        url=unsmuggle_url(str(info.get("webpage_url") or source.address))[0],
        uploader=info.get("uploader") or info.get("channel"),
        channel=info.get("channel_id") or info.get("uploader_id") or info.get("channel") or info.get("uploader"),
        published=_day(info),
        width=width,
        picture=picture,
    )


def _measures(
    ydl: Guarded, info: dict[str, Any], allow_loopback: bool
) -> tuple[float | None, int | None, int | None, float | None, str | None]:
    """Duration, width, height, frame rate and picture; what the page leaves open is read from the file's header."""
    light = info.get("dynamic_range")
    picture = f"HDR ({light}) mapped to SDR" if isinstance(light, str) and light != "SDR" else None
    known = info.get("duration"), info.get("width"), info.get("height"), info.get("fps"), picture
    url = str(info.get("url") or "")
    if None not in known[:4] or info.get("live_status") == "is_live" or info.get("protocol") not in ("http", "https"):
        return known
    try:
        read = attempt(lambda: remote.header(ydl, url, info.get("http_headers") or {}), allow_loopback)
    except FetchError as error:
        if error.reason in ("network", "busy"):
            return known
        raise
    if read is None:
        return known
    return read.duration or known[0], read.width, read.height, read.fps, read.picture


def _day(info: dict[str, Any]) -> date | None:
    if isinstance(stamp := info.get("timestamp"), int | float):
        return datetime.fromtimestamp(stamp, UTC).date()
    text = str(info.get("upload_date") or "")
    return datetime.strptime(text, "%Y%m%d").date() if re.fullmatch(r"\d{8}", text) else None
