"""One normal form for a web address, whatever spelling it comes in, so that one page has one name.

RFC 3986, section 6: case of host and escapes, characters that need no escape, dot segments, default ports. Hosts with
letters beyond ASCII are in their one form (UTS 46). A query is in the order of its names, without what only tells where
a visitor came from or at which second to begin. Nothing is fetched.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

import idna

# RFC 3986: what may stand unescaped in a path and in a query's names and values.
PATH, QUERY = ":@!$&'()*+,;=~", ":@/?!$'()*,;~"
DEFAULT_PORTS = {"http": 80, "https": 443}
MOBILE = ("www.", "m.", "mobile.", "amp.")
TRACKING = re.compile(
    r"(utm|pk|mtm|matomo|piwik|hsa|stm|itm|oly|vero|_branch|guce|share)_\w+|at_(medium|campaign)|_hs(enc|mi)|__hs\w+"
    r"|(fb|g|d|ms|y|ys|tt|tw|sc)clid|[gw]braid|gclsrc|li_fat_id|igsh(id)?|mc_[ce]id|mkt_tok|_g[al]|srsltid|epik|rdt_cid"
    r"|wickedid|cmpid|s_cid|xtor|trk|ref_(src|url)|guccounter|spm(_id_from)?|from_spmid|vd_source|unique_k"
    r"|embeds_referring_(euri|origin)",
    re.IGNORECASE,
)
"""Names of a query's parts that only tell where a visitor came from."""
TIME = re.compile(r"(\d+h)?(\d+m)?\d+s|(\d+h)?\d+m|\d+h", re.IGNORECASE)
"""A time with its unit; a bare number may as well be what the page shows."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Address:
    """An http(s) address in normal form. `host` with its port where that isn't the default one; `query` by names."""

    host: str
    path: str
    query: Pairs

    @property
    def url(self) -> str:
        """To be given to whoever knows sites by their addresses."""
        return f"https://{self.host}{self.path}{_asked(self.query)}"

    @property
    def page(self) -> str:
        """The name of the page: the same with and without `www.`, on the host for telephones, and with a slash at
        its end."""
        return f"{plain_host(self.host)}{self.path.rstrip('/')}{_asked(self.query)}"

    def without(self, names: Iterable[str]) -> "Address":
        """The same without these parts of its query."""
        left = tuple(pair for pair in self.query if pair[0].lower() not in names)
        return replace(self, query=left)


def normal(url: str) -> Address:
    """Raises `ValueError` for what is no http(s) address with a host."""
    url = url.strip().replace("&amp;", "&")
    parts = urlsplit(f"https:{url}" if url.startswith("//") else url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("needed is http:// or https:// and a host")
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    pairs = [_pair(part) for part in parts.query.split("&") if part]
    kept = [pair for pair in pairs if not TRACKING.fullmatch(pair[0]) and not _is_time(*pair)]
    kept.sort(key=lambda pair: pair[0])  # of two of one name the first counts, and stays the first
    return Address(f"{_host(parts.hostname)}{port}", _path(parts.path or "/"), tuple(kept))


def host_of(url: str) -> str:
    """The host, with its port where that isn't the default one; the text itself where it is no address."""
    try:
        return normal(url).host
    except ValueError:
        return urlsplit(url).netloc.lower()


def plain_host(host: str) -> str:
    """The host without what sites put before it for browsers and telephones."""
    for prefix in MOBILE:
        rest = host.removeprefix(prefix)
        if rest != host and "." in rest:
            return plain_host(rest)
    return host


def _host(host: str) -> str:
    host = unquote(host).rstrip(".")
    if not host.isascii() or "xn--" in host.lower():
        try:
            return idna.encode(idna.decode(host, uts46=True), uts46=True).decode()
        except idna.IDNAError:
            return quote(host.lower(), safe="")
    return f"[{host.lower()}]" if ":" in host else host.lower()


def _path(path: str) -> str:
    """Escaped where it has to be, in capitals, and without `.` and `..`."""
    kept: list[str] = []
    for part in path.split("/"):
        part = quote(unquote_to_bytes(part), safe=PATH)
        if part == "..":
            del kept[max(1, len(kept) - 1) :]
        elif part != ".":
            kept.append(part)
    return "/".join(kept) or "/"


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.replace("+", "%20").partition("=")
    return quote(unquote_to_bytes(name), safe=QUERY), quote(unquote_to_bytes(value), safe=QUERY)


def _is_time(name: str, value: str) -> bool:
    return name.lower() in ("t", "start", "time_continue") and TIME.fullmatch(value) is not None


def _asked(query: Pairs) -> str:
    return "?" + "&".join(f"{name}={value}" if value else name for name, value in query) if query else ""
