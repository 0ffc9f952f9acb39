"""yt-dlp as this project runs it: silent, behind the address guard, at a host's pace, native downloads only.

Errors are sorted by reason. That a video is gone or private is a fact about it only in its own page's word.
"""

import errno
import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

from yt_dlp import YoutubeDL
from yt_dlp.networking import Request, Response
from yt_dlp.networking.exceptions import HTTPError, RequestError
from yt_dlp.utils import ContentTooShortError, ExtractorError, UnsupportedError, YoutubeDLError

from nitro_assets.fetch.guards.rate_limit import LONGEST, RateLimit
from nitro_assets.fetch.guards.refusals import FetchError, Reason
from nitro_assets.fetch.guards.ssrf_guard import AddressError, guard, ssrf_guard
from nitro_assets.fetch.guards.stall_timeout import SteadyRH
from nitro_assets.fetch.sites.stated import readable
from nitro_assets.settings import Settings

T = TypeVar("T")

# The best up to a height, or the lowest above it, in SDR where there is that; by yt-dlp's native downloaders; video
# alone where there is that.
PROTOCOLS = "[protocol~='^(https?|m3u8_native|http_dash_segments)$']"
FORMAT = "/".join(
    f"{kind}{light}{PROTOCOLS}" for kind in ("bv*[height<=?{height}]", "wv*") for light in ("[dynamic_range=?SDR]", "")
)
RETRIES = 5
TIMEOUT = 20  # seconds
PAUSE = 0.5  # seconds before the first retry, twice as many before each further one
LONGEST_PAUSE = 30.0
BUSY = (429, 503)
PASSING = (*BUSY, 500, 502, 504)
COOKIE = re.compile(r"#(?!HttpOnly_).*|(#HttpOnly_)?([^\t]*\t){4}(\d+(\.\d+)?)?\t[^\t]*\t[^\t]*")
GONE = (404, 410)
DENIED = (401, 402, 403, 451)
# What pages say, in this order: a request to prove that one is no robot is no sign that the video is gone.
WORDS: tuple[tuple[str, Reason], ...] = (
    (r"rate.?limit|too many requests|try again", "busy"),
    (r"not a bot|confirm your age|captcha|your country|geo.?restrict", "denied"),
    (r"private (video|playlist)|(is|been made|set to) private", "private"),
    (r"members[- ]only|channel.s members|join this channel|subscribers?[- ]only|only .{0,20}subscribers", "private"),
    (r"log ?in|sign in|requires? .{0,20}(account|payment|subscription|purchase)|registered users|premium", "denied"),
    (r"(been|was|were) (removed|deleted|terminated|disabled)|no longer (available|exists)|does ?n.t exist", "gone"),
    (r"does not exist|available any ?more|(video|page) (is )?(unavailable|not found|not available)", "gone"),
)


class CookiesError(ValueError):
    """The cookie file of the settings can't be used. The message holds nothing of it."""


class _Silent:
    """yt-dlp's messages hold addresses, ids and titles."""

    def debug(self, message: str) -> None:
        """Nothing."""

    info = warning = error = debug


class GuardedYoutubeDL(YoutubeDL):
    """A `YoutubeDL` that speaks http(s) through Python's own sockets only: the ones the guard can see.

    Every request keeps to the host's pace, and a host that says it is busy is left alone for a while.
    """

    def __init__(self, params: dict[str, Any], pace: RateLimit) -> None:
        self._pace = pace
        super().__init__(params)

    def build_request_director(self, handlers: Iterable[Any], preferences: Any = None) -> Any:
        """Only the handler over urllib; curl and websockets, where installed, are left out."""
        return super().build_request_director([SteadyRH], preferences)

    def process_ie_result(self, ie_result: Any, download: bool = True, extra_info: Any = None) -> Any:
        """As `YoutubeDL.process_ie_result`, of what is read here alone; an entry of a list whose address can't be read
        is handed on as it is, and costs the others nothing."""
        if _unclear(ie_result):
            return ie_result
        return super().process_ie_result(readable(ie_result), download, extra_info)

    def urlopen(self, req: Any) -> Response:
        """As `YoutubeDL.urlopen`; raises `FetchError` where the host stays busy or broken."""
        req = Request(req) if isinstance(req, str) else req
        reason: Reason = "busy"
        for tried in range(RETRIES + 1):
            self._pace.wait(req.url)
            try:
                return super().urlopen(req)
            except HTTPError as error:
                if error.status not in PASSING:
                    raise
                reason = "busy" if error.status in BUSY else "network"
                seconds = _asked_for(error) or pause(tried)
                error.close()
            self._pace.hold(req.url, seconds)
            if seconds > LONGEST:
                break
        raise FetchError(reason)


def _unclear(entry: dict[str, Any]) -> bool:
    """Whether an entry of a list has no address, or one in which no host can be found."""
    if entry.get("_type", "video") not in ("url", "url_transparent"):
        return False
    if not isinstance(url := entry.get("url"), str):
        return True
    try:
        urlsplit(url)
    except ValueError:
        return True
    return False


def pause(n: int) -> float:
    """Seconds to wait after `n` earlier retries."""
    return min(PAUSE * 2**n, LONGEST_PAUSE)


def _asked_for(error: HTTPError) -> float | None:
    """The seconds of `Retry-After` (RFC 9110, 10.2.3); a date is not taken, since clocks differ."""
    asked = error.response.headers.get("Retry-After", "").strip()
    return float(asked) if asked.isascii() and asked.isdigit() else None


def client(settings: Settings, max_height: int, **options: Any) -> GuardedYoutubeDL:
    """A silent client; `options` are `YoutubeDL`'s. Raises `CookiesError`."""
    ydl = GuardedYoutubeDL(
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
            "retry_sleep_functions": dict.fromkeys(("http", "fragment", "extractor"), pause),
            "cookiefile": _cookies(settings),
            **options,
        },
        RateLimit(settings.downloads),
    )
    try:
        _ = ydl.cookiejar  # read now: a bad file is this machine's fault, not a video's
    except YoutubeDLError:
        raise CookiesError("NITRO_COOKIES: found another kind of file; allowed is one in Netscape's format.") from None
    return ydl


def _cookies(settings: Settings) -> io.StringIO | None:
    """A copy of the cookie file: yt-dlp writes back what it is given, and prints the lines it can't read."""
    if settings.cookies is None:
        return None
    try:
        text = settings.cookies.read_text()
    except (OSError, UnicodeDecodeError) as error:
        found = f"found a file that can't be read ({type(error).__name__})"
        raise CookiesError(f"NITRO_COOKIES: {found}; allowed is a text file in Netscape's format.") from None
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not COOKIE.fullmatch(line):
            raise CookiesError(
                f"NITRO_COOKIES: line {number} is no cookie; allowed is Netscape's format, 7 fields with tabs between."
            )
    return io.StringIO(text)


def attempt(step: Callable[[], T], allow_loopback: bool, page: str = "") -> T:
    """Runs one step of yt-dlp behind the guard; `page` is the address whose own word counts.

    Raises `FetchError` with the reason where it fails, whatever an extractor raises when a page is not as its author
    expected; `OSError` where this machine's disk fails.
    """
    with ssrf_guard(allow_loopback) as refused:
        try:
            return step()
        except FetchError:
            raise
        except Exception as error:
            if full := _disk(error):
                raise full from None
            for refusal in (*refused, *(c for c in _causes(error) if isinstance(c, AddressError))):
                raise FetchError("refused", str(refusal)) from None
            raise FetchError(_reason(error, page)) from None


def look_up(ydl: GuardedYoutubeDL, entry: dict[str, Any], allow_loopback: bool) -> dict[str, Any]:
    """The full metadata of one entry, or a list's entries unresolved."""
    if _unclear(entry):
        raise FetchError("unreadable", "an entry's address can't be read; allowed is http(s)://...")
    url = str(entry.get("url") or "")
    if "://" in url.partition("?")[0]:
        try:
            guard(url, allow_loopback)
        except AddressError as error:
            raise FetchError("refused", str(error)) from None
    info = attempt(lambda: ydl.process_ie_result(dict(entry), download=False), allow_loopback, url)
    if not isinstance(info, dict) or not ("entries" in info or info.get("formats") or info.get("url")):
        raise FetchError("unsupported")
    return info


def _disk(error: BaseException) -> OSError | None:
    """The failure of our own disk, which is no fault of the video."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
    return next((c for c in _causes(error) if isinstance(c, OSError) and c.errno in full), None)


def _reason(error: BaseException, page: str) -> Reason:
    chain = list(_causes(error))
    own = [c for c in chain if isinstance(c, ExtractorError) and c.expected and not isinstance(c.cause, RequestError)]
    said = " ".join(c.orig_msg.lower() for c in own)
    for words, reason in WORDS:
        if re.search(words, said):
            return reason
    for cause in chain:
        if isinstance(cause, HTTPError):
            return _status(cause, page)
        if isinstance(cause, UnsupportedError):
            return "unsupported"
    lost = "[download] got error" in str(error).lower()  # its retries are used up, and what it wraps is lost
    if lost or any(isinstance(cause, RequestError | OSError | ContentTooShortError) for cause in chain):
        return "network"
    return "unknown"


def _status(error: HTTPError, page: str) -> Reason:
    """What a status means: of the page itself, or of anything else that belongs to it."""
    if error.status in GONE:
        return "gone" if _place(error.response.url) == _place(page) else "missing"
    if error.status in DENIED:
        return "denied"
    return "refused" if 300 <= error.status < 400 else "network"  # a redirect: not to http(s), or in a circle


def _place(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return parts.netloc.lower(), parts.path.rstrip("/"), parts.query


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
