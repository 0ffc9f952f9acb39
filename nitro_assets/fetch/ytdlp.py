"""yt-dlp as this project runs it: silent, behind the address guard, native downloads only, errors sorted by reason."""

import errno
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeVar

from yt_dlp import YoutubeDL
from yt_dlp.networking.exceptions import HTTPError, RequestError
from yt_dlp.utils import ContentTooShortError, UnsupportedError, YoutubeDLError

from nitro_assets.fetch.address import AddressError, guard, guarded

T = TypeVar("T")
Reason = Literal["gone", "private", "network", "refused", "unsupported", "too big", "unknown"]

# The best up to a height, or the lowest above it; by yt-dlp's native downloaders; video alone where there is that.
PROTOCOLS = "[protocol~='^(https?|m3u8_native|http_dash_segments)$']"
FORMAT = f"bv*[height<=?{{height}}]{PROTOCOLS}/wv*{PROTOCOLS}"
RETRIES = 3
TIMEOUT = 20  # seconds
# What an extractor raises when a page is not as its author expected.
SURPRISES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
STATUS: dict[int, Reason] = {401: "private", 402: "private", 403: "private", 404: "gone", 410: "gone", 451: "gone"}
# What sites say, in this order: a request to prove that one is no robot is no sign that the video is gone.
WORDS: tuple[tuple[str, Reason], ...] = (
    (r"not a bot|confirm your age|captcha|rate.?limit|try again|your country|geo.?restrict", "unknown"),
    (r"private|members[- ]only|join this channel|subscri|requires? (a )?(login|account|payment)|log ?in", "private"),
    (r"removed|deleted|terminated|no longer|does not exist|not found|video unavailable|been disabled", "gone"),
)
MESSAGES: dict[Reason, str] = {
    "gone": "the video is gone; remove it from the sources",
    "private": "the video is private or needs an account; only public videos are taken",
    "network": "the site can't be reached or broke off; run it again later",
    "refused": "found a redirect to something that isn't http or https, or in a circle; allowed is a plain address",
    "unsupported": "found no video at the address; allowed is what yt-dlp takes: a video, playlist, channel or feed",
    "too big": "the file is larger than allowed; lower its resolution or raise the limit",
    "unknown": "yt-dlp can't read the address; a newer yt-dlp may",
}


class FetchError(RuntimeError):
    """A fetch that failed. `reason` is its class; the message holds no address, id or title."""

    def __init__(self, reason: Reason, message: str | None = None) -> None:
        super().__init__(message or f"{MESSAGES[reason]}.")
        self.reason = reason


class _Silent:
    """yt-dlp's messages hold addresses, ids and titles."""

    def debug(self, message: str) -> None:
        """Nothing."""

    info = warning = error = debug


class Guarded(YoutubeDL):
    """A `YoutubeDL` that speaks http(s) through Python's own sockets only: the ones the guard can see."""

    def build_request_director(self, handlers: Iterable[Any], preferences: Any = None) -> Any:
        """Only the urllib handler; curl and websockets, where installed, are left out."""
        return super().build_request_director([h for h in handlers if h.RH_KEY == "Urllib"], preferences)


def client(max_height: int, **options: Any) -> Guarded:
    """A silent client; `options` are `YoutubeDL`'s."""
    return Guarded(
        {
            "logger": _Silent(),
            "quiet": True,
            "no_warnings": True,
            "noprogress": True,
            "format": FORMAT.format(height=max_height),
            "proxy": "",  # a proxy would resolve names out of the guard's sight
            "enable_file_urls": False,
            "cachedir": False,
            "external_downloader": {"default": "native"},
            "hls_prefer_native": True,
            "fixup": "never",  # would start ffmpeg
            "concurrent_fragment_downloads": 1,
            "skip_unavailable_fragments": False,  # a hole would shift every later frame
            "socket_timeout": TIMEOUT,
            "retries": RETRIES,
            "fragment_retries": RETRIES,
            "extractor_retries": RETRIES,
            **options,
        }
    )


def attempt(step: Callable[[], T], allow_loopback: bool) -> T:
    """Runs one step of yt-dlp behind the guard.

    Raises `FetchError` with the reason where it fails, `OSError` where this machine's disk does.
    """
    with guarded(allow_loopback) as refused:
        try:
            return step()
        except FetchError:
            raise
        except (YoutubeDLError, RequestError, OSError, *SURPRISES) as error:
            if full := _disk(error):
                raise full from None
            for refusal in (*refused, *(c for c in _causes(error) if isinstance(c, AddressError))):
                raise FetchError("refused", str(refusal)) from None
            raise FetchError(_reason(error)) from None


def look_up(ydl: Guarded, entry: dict[str, Any], allow_loopback: bool) -> dict[str, Any]:
    """The full metadata of one entry, or a list's entries unresolved."""
    url = str(entry.get("url") or "")
    if "://" in url.partition("?")[0]:
        try:
            guard(url, allow_loopback)
        except AddressError as error:
            raise FetchError("refused", str(error)) from None
    info = attempt(lambda: ydl.process_ie_result(dict(entry), download=False), allow_loopback)
    if not isinstance(info, dict) or not ("entries" in info or info.get("formats") or info.get("url")):
        raise FetchError("unsupported")
    return info


def _disk(error: BaseException) -> OSError | None:
    """The failure of our own disk, which is no fault of the video."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
    return next((c for c in _causes(error) if isinstance(c, OSError) and c.errno in full), None)


def _reason(error: BaseException) -> Reason:
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, HTTPError) and cause.status in STATUS:
            return STATUS[cause.status]
        if isinstance(cause, HTTPError) and 300 <= cause.status < 400:
            return "refused"  # a redirect that urllib doesn't follow: not to http(s), or in a circle
        if isinstance(cause, UnsupportedError):
            return "unsupported"
    if any(isinstance(cause, RequestError | OSError | ContentTooShortError) for cause in chain):
        return "network"
    text = str(error).lower()
    return next((reason for words, reason in WORDS if re.search(words, text)), "unknown")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it wraps: yt-dlp keeps the original in `exc_info` or `cause`."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        error = waiting.pop()
        if isinstance(error, BaseException) and id(error) not in seen:
            seen.add(id(error))
            yield error
            waiting += [(getattr(error, "exc_info", None) or (None, None))[1], getattr(error, "cause", None)]
            waiting += [error.__cause__, error.__context__]
