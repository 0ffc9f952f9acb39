"""Who is who: a video is known everywhere by `video_key`, a keyed hash of its canonical name.

The name is the same for the index, the dataset and whoever asks for a takedown: `SITE:ID` by yt-dlp's extractor and id,
so that a short link, a watch page and NitroGen's (youtube, id) are one video; `page:HOST/PATH?QUERY` where no extractor
knows the page; `file:CONTENT` for a recording of one's own (recording.py). From an address alone it follows by yt-dlp's
own patterns, without fetching anything. Where a site's address does not hold the id that its page gives, a video has a
further name by its address: `names_of` gives all.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from nitro_assets.address import Address, host_of, normal, plain_host

Names = tuple[str, ...]
"""All names of one video, the canonical one first."""

RECORDING = "file"
"""The extractor of a recording in a folder of one's own, whose id is its content and whose path is no name."""
GENERIC = frozenset({"generic", "html5", "loopback", ""})
LISTS = frozenset({"YoutubeTab", "TwitchStream", "Kick", "BilibiliPlaylist", "WeiboUser", "DaumPlaylist", "DaumUser"})
"""Extractors that yt-dlp doesn't call playlists and that give whole channels, lists, or whatever is on the air."""
IN_LISTS = frozenset({"list", "index", "start_radio", "playlist", "playnext", "pp", "rv", "collection"})
"""Parts of a query that say in which list a video was found."""


class SecretError(RuntimeError):
    """The secret file cannot be used."""


def read_secret(path: Path) -> bytes:
    """The 32-byte key, made (mode 0600) when the file is missing."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return read_secret(path)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError as error:
        raise SecretError(f"{path}: found something else than hexadecimal; it must hold 64 hex digits.") from error
    if len(key) != 32:
        raise SecretError(f"{path}: found {len(key)} bytes; the secret is 32 bytes (64 hex digits).")
    return key


@dataclass(frozen=True)
class Understood:
    """What an address names; `is_list`: no single video but a playlist, a channel or a search."""

    name: str
    is_list: bool = False

    @property
    def is_page(self) -> bool:
        """Whether no extractor knows it."""
        return self.name.startswith("page:")


@lru_cache(50_000)
def understood(url: str) -> Understood:
    """Raises `ValueError` for what is no http(s) address."""
    address = normal(url)
    found, listed = _by_site(address)
    if found is None:
        found = next((name for inner in _inner(address) if (name := _by_site(inner)[0])), None)
    if found:
        return Understood(found)
    return Understood(listed, True) if listed else Understood(f"page:{address.page}")


def name_of(url: str) -> str:
    """The canonical name of a video's address. Raises `ValueError` for what is no http(s) address."""
    return understood(url).name


def canonical_name(extractor: str, video_id: str, url: str) -> str:
    """By yt-dlp's extractor and id where the extractor knows the site, else by the address."""
    site = extractor.lower().split(":")[0]
    if site not in GENERIC:
        return _named(site, video_id)
    try:
        return name_of(url)
    except ValueError:
        return f"page:{url}"


def names_of(extractor: str, video_id: str, url: str) -> Names:
    """Every name that a video has or had, the canonical one first: by its id, by its address, by its page."""
    if extractor == RECORDING:
        return (canonical_name(extractor, video_id, url),)
    return tuple(dict.fromkeys([canonical_name(extractor, video_id, url), *names_by(url)]))


def names_by(url: str) -> Names:
    """The names that an address has or had, the canonical one first."""
    try:
        found, page = understood(url), f"page:{normal(url).page}"
    except ValueError:
        return (f"page:{url}",)
    return tuple(dict.fromkeys([*([] if found.is_list else [found.name]), page, _as_it_was(url)]))


def canonical_channel(extractor: str, channel: str, url: str) -> str:
    """`youtube:ID`, ...; `page:host/NAME` where the extractor is generic: another site's Ada is somebody else."""
    site = extractor.lower().split(":")[0]
    return f"page:{host_of(url)}/{channel}" if site in GENERIC else f"{_site(site)}:{channel}"


def _as_it_was(url: str) -> str:
    """A page's name in lakes that were made before addresses had a normal form."""
    parts = urlsplit(url.strip())
    query = f"?{parts.query}" if parts.query else ""
    return f"page:{parts.netloc.lower()}{parts.path.rstrip('/')}{query}"


def _site(extractor: str) -> str:
    return "twitch" if extractor.startswith("twitch") else extractor


def _named(site: str, video_id: str) -> str:
    site = _site(site)
    return f"{site}:{video_id.removeprefix('v') if site == 'twitch' else video_id}"


def _by_site(address: Address) -> tuple[str | None, str | None]:
    """The name of the one video, else of the list, that an extractor takes the address for."""
    listed = None
    for url in _spellings(address):
        extractor = next((e for e in _extractors() if e.suitable(url)), None)
        if extractor is None:
            continue
        video_id = _id(extractor, url)
        if extractor._RETURN_TYPE == "playlist" or extractor.ie_key() in LISTS:
            listed = _named(extractor.ie_key().lower(), video_id or "") if url == address.url or not listed else listed
        elif video_id:
            return _named(extractor.ie_key().lower(), video_id), None
    return None, listed


def _spellings(address: Address) -> Iterator[str]:
    """The address without the list it was found in, as it is, and on the host that yt-dlp may know the site by."""
    alone, plain = address.without(IN_LISTS), plain_host(address.host)
    hosts = (plain, f"www.{plain}") if any(part in _patterns() for part in plain.split(".")[:-1]) else ()
    yield from dict.fromkeys([alone.url, address.url, *(replace(alone, host=host).url for host in hosts)])


def _inner(address: Address) -> Iterator[Address]:
    """Addresses that it carries: a consent page's, a redirect's, a player's."""
    for _, value in address.query:
        if value.startswith(("http://", "https://", "/")):
            try:
                yield normal(urljoin(address.url, unquote(value)))
            except ValueError:
                continue


def _id(extractor: Any, url: str) -> str | None:
    """The id within the address, as its extractor finds it; one that holds an address is none."""
    try:
        found = extractor.get_temp_id(url)
    except (AttributeError, LookupError):
        return None
    return None if found is None or "://" in unquote(found) else str(found)


@cache
def _extractors() -> tuple[Any, ...]:
    """yt-dlp's, in its order, but those that take any page and those that only mend or follow an address."""
    from yt_dlp.extractor import gen_extractor_classes  # takes a second to import

    return tuple(e for e in gen_extractor_classes() if e.ie_key() != "Generic" and e._RETURN_TYPE is not None)


@cache
def _patterns() -> str:
    """All that they look for in an address: no other host than those it names needs a second look."""
    return "\n".join(str(e._VALID_URL) for e in _extractors()).lower()


def video_key(secret: bytes, name: str) -> str:
    """32 hex digits: HMAC-SHA256 of the canonical name, cut to 128 bits."""
    return hmac.new(secret, b"video\0" + name.encode(), hashlib.sha256).hexdigest()[:32]


def channel_key(secret: bytes, name: str) -> str:
    """32 hex digits of a channel's canonical name, as `video_key` for a video."""
    return hmac.new(secret, b"channel\0" + name.encode(), hashlib.sha256).hexdigest()[:32]


def block_key(secret: bytes, key: str) -> str:
    """32 hex digits by which the ledger knows a video key, or a channel key: what stays once the key is erased."""
    return hmac.new(secret, b"block\0" + key.encode(), hashlib.sha256).hexdigest()[:32]


def shard_names(shards: int) -> list[str]:
    """The corpus shards' partition keys, zero-padded so that they sort."""
    return [f"{i:04d}" for i in range(shards)]


def shard_of(key: str, shards: int) -> str:
    """The corpus shard a video belongs to."""
    return f"{int(key[:12], 16) % shards:04d}"
