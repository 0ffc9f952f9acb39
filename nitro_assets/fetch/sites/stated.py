"""What a page states, as our types: the one place where yt-dlp's dictionaries, made by strangers, are looked into.

A field that decides nothing is unknown where it can't be read. One that decides whether a video is taken must be
readable, or the video is refused by the field's name: `FetchError("unreadable")`. No message holds a value.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from yt_dlp.utils import unsmuggle_url

from nitro_assets.fetch.guards.refusals import FetchError

LONGEST = 100_000  # characters of a text; the longest descriptions have 5 000
PUBLIC = (None, "public", "unlisted")  # of yt-dlp's `availability`; the others need an account that may see it
OVER = (None, "not_live", "was_live")  # of yt-dlp's `live_status`: recordings that are finished
UNREAD = (
    *("thumbnail", "thumbnails", "chapters", "subtitles", "automatic_captions", "comments", "heatmap", "tags"),
    *("categories", "cast", "artist", "artists", "album_artist", "album_artists", "composer", "composers"),
    *("creator", "creators", "genre", "genres", "release_date", "modified_date"),
)
"""What tells more of a video than anybody here reads, and stops yt-dlp where a page has it in another type."""
T = TypeVar("T", bound="_Stated")


def text(value: object) -> str | None:
    """A text; a number is one, and so are several, in a list. Raises `ValueError` for anything else."""
    if value is None:
        return None
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = ", ".join(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"found a value of type {type(value).__name__}; allowed is text")
    return value[:LONGEST].encode(errors="replace").decode().replace("\0", "") or None


def name(value: object) -> str | None:
    """A single text on one line, or None: what several names in a list stand for, nobody knows."""
    try:
        return None if isinstance(value, list) else " ".join((text(value) or "").split())[:1000] or None
    except ValueError:
        return None


def number(most: float) -> Callable[[object], float | None]:
    """A check for a finite number above 0, up to `most`; None for anything else: a rate of 0 is no rate."""

    def check(value: object) -> float | None:
        try:
            found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
        except (ValueError, OverflowError):
            return None
        return found if math.isfinite(found) and 0 < found <= most else None

    return check


seconds = number(1e7)


def day(value: object) -> str | None:
    """A day as yt-dlp writes one, YYYYMMDD; None for anything else."""
    try:
        return datetime.strptime(name(value) or "", "%Y%m%d").strftime("%Y%m%d")
    except ValueError:
        return None


def _pixels(value: object) -> int | None:
    found = number(100_000)(value)
    return int(found) if found and found >= 1 else None


def _age(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 150:
        raise ValueError(f"found a value of type {type(value).__name__}; allowed are whole years from 0 to 150")
    return value


def _page(value: object) -> str | None:
    """An address that can be told apart, without what yt-dlp hides in it."""
    found = text(value)
    if found is None:
        return None
    try:
        found = unsmuggle_url(found)[0]
        _ = urlsplit(found).port
    except (ValueError, TypeError):
        raise ValueError("allowed is an address") from None
    return found


CHECKED = (("duration", seconds), ("upload_date", day))
Text = Annotated[str | None, BeforeValidator(text)]
Name = Annotated[str | None, BeforeValidator(name)]
Page = Annotated[str | None, BeforeValidator(_page)]
Pixels = Annotated[int | None, BeforeValidator(_pixels)]
Word = Literal["is_live", "is_upcoming", "was_live", "not_live", "post_live"]
Access = Literal["private", "premium_only", "subscriber_only", "needs_auth", "unlisted", "public"]


class _Stated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Text = None
    webpage_url: Page = None
    extractor: Annotated[Name, Field(validation_alias=AliasChoices("extractor_key", "ie_key", "extractor"))] = None

    @property
    def site(self) -> str:
        """yt-dlp's name of the extractor, in lower case."""
        return (self.extractor or "generic").lower()

    @classmethod
    def read(cls: type[T], info: object) -> T:
        """Raises `FetchError` that names the field and what it may be."""
        try:
            return cls.model_validate(_said(info) if isinstance(info, Mapping) else info)
        except ValidationError as error:
            first = error.errors(include_input=False, include_context=False, include_url=False)[0]
            where, found = ".".join(map(str, first["loc"])) or "entry", first["msg"].removeprefix("Value error, ")
            raise FetchError("unreadable", f"its page's {where} can't be read: {found}.") from None


class Entry(_Stated):
    """What a list says of one of its entries."""

    kind: Annotated[Name, Field(validation_alias="_type")] = None
    url: Page = None

    @property
    def page(self) -> str | None:
        """Where it is, as far as the list says."""
        return self.webpage_url or self.url


class Stated(_Stated):
    """What a page says of its one video. duration: seconds; fps: frames a second; width, height: pixels of the format
    that would be downloaded; each None where it isn't stated, or can't be true."""

    title: Text = None
    description: Text = None
    license: Text = None
    age_limit: Annotated[int | None, BeforeValidator(_age)] = None
    live_status: Word | None = None
    is_live: bool | None = None
    availability: Access | None = None
    uploader: Name = None
    uploader_id: Name = None
    channel: Name = None
    channel_id: Name = None
    channel_url: Name = None
    duration: Annotated[float | None, BeforeValidator(seconds)] = None
    width: Pixels = None
    height: Pixels = None
    fps: Annotated[float | None, BeforeValidator(number(1000))] = None
    dynamic_range: Name = None
    timestamp: Annotated[float | None, BeforeValidator(number(1e11))] = None
    upload_date: Annotated[str | None, BeforeValidator(day)] = None
    protocol: Name = None
    url: Name = None

    @property
    def live(self) -> bool:
        """Whether it is no finished recording yet."""
        return self.live_status not in OVER or bool(self.is_live)

    def check_public(self) -> None:
        """Raises `FetchError("private")` for what only an account that may see it sees, whoever's cookies did."""
        if self.availability not in PUBLIC:
            raise FetchError("private", f"its page says {self.availability!r}; only public videos are taken.")

    @property
    def picture(self) -> str | None:
        """What is done to the picture so that it is seen as meant, as far as the page tells."""
        light = self.dynamic_range
        return f"HDR ({light}) mapped to SDR" if light and light != "SDR" else None

    @property
    def owner(self) -> str | None:
        """The site's own id of the channel, else its name."""
        return self.channel_id or self.uploader_id or self.channel or self.uploader

    @property
    def published(self) -> date | None:
        """The day (UTC)."""
        try:
            if self.timestamp:
                return datetime.fromtimestamp(self.timestamp, UTC).date()
            return datetime.strptime(self.upload_date, "%Y%m%d").date() if self.upload_date else None
        except (ValueError, OverflowError, OSError):
            return None


def readable(info: Mapping[str, Any]) -> dict[str, Any]:
    """What an extractor says, before yt-dlp works on it: without what nobody reads, nor what it would stumble over."""
    known = {key: value for key, value in info.items() if key not in UNREAD}
    return known | {key: check(known[key]) for key, check in CHECKED if key in known}


def _said(info: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in info.items() if value is not None}


def headers(info: Mapping[str, Any]) -> dict[str, str]:
    """The request headers that a site wants with a format's address; without any that isn't text."""
    found = info.get("http_headers")
    pairs = found.items() if isinstance(found, Mapping) else ()
    return {key: value for key, value in pairs if isinstance(key, str) and isinstance(value, str)}
