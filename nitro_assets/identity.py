"""Who is who: a video is known everywhere by `video_key`, a keyed hash of its canonical name.

The canonical name is yt-dlp's extractor and id, so that a short link, a watch page and NitroGen's (youtube, id) are
one video. Pages no extractor knows are named by their address.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

GENERIC = frozenset({"generic", "html5", "loopback", ""})


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


def canonical_name(extractor: str, video_id: str, url: str) -> str:
    """`youtube:ID`, `twitch:ID`, ...; `page:host/path?query` where the extractor is generic."""
    site = extractor.lower().split(":")[0]
    if site in GENERIC:
        return f"page:{_address(url)}"
    if site.startswith("twitch"):
        site, video_id = "twitch", video_id.removeprefix("v")
    return f"{site}:{video_id}"


def name_of(url: str) -> str:
    """The canonical name of a video's address, by yt-dlp's own patterns; nothing is fetched."""
    from yt_dlp.extractor import gen_extractor_classes

    for extractor in gen_extractor_classes():
        if extractor.ie_key() != "Generic" and extractor.suitable(url):
            return canonical_name(extractor.ie_key(), extractor.get_temp_id(url) or url, url)
    return canonical_name("generic", "", url)


def _address(url: str) -> str:
    parts = urlsplit(url.strip())
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}{query}"


def video_key(secret: bytes, name: str) -> str:
    """32 hex digits: HMAC-SHA256 of the canonical name, cut to 128 bits."""
    return hmac.new(secret, b"video\0" + name.encode(), hashlib.sha256).hexdigest()[:32]


def canonical_channel(extractor: str, channel: str, url: str) -> str:
    """`youtube:ID`, ...; `page:host/NAME` where the extractor is generic: another site's Ada is somebody else."""
    site = extractor.lower().split(":")[0]
    if site in GENERIC:
        return f"page:{urlsplit(url.strip()).netloc.lower()}/{channel}"
    return f"{'twitch' if site.startswith('twitch') else site}:{channel}"


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
