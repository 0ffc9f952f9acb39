"""Which shards there are, where each lies, and a cheap fingerprint of each."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fsspec import AbstractFileSystem

from nitro_ml.core.files.filesystem import place

NAME = re.compile(r"(SHARD_[A-Za-z0-9-]+)(\.tar\.gz)?")
# What tells one version of a file from the next: content hashes on a hub or S3, else the time of change.
VERSION = ("blob_id", "lfs", "ETag", "etag", "sha256", "mtime", "LastModified", "last_modified")


class NitrogenError(ValueError):
    """The root or the shard can't be used; the message says what was found, what is allowed and the mend."""


@dataclass(frozen=True)
class Shard:
    """Where a shard lies: a folder, or one `.tar.gz`."""

    name: str
    fs: AbstractFileSystem
    path: str
    archive: bool

    @property
    def file(self) -> str:
        """The name of its folder or file, for messages."""
        return self.path.rstrip("/").rsplit("/", 1)[-1]


def shards(root: str) -> list[str]:
    """Names of all shards, sorted, under `root` or `root/actions`.

    `root` is a folder, or any fsspec address such as `hf://datasets/nvidia/NitroGen`. Raises `NitrogenError` where
    there is none, or two of one name.
    """
    return sorted(listing(root))


def find(root: str, shard: str) -> Shard:
    """Where the shard lies. Raises `NitrogenError`."""
    return pick(listing(root), shard)


def pick(there: Mapping[str, Shard], shard: str) -> Shard:
    """The shard of a listing. Raises `NitrogenError`."""
    if shard not in there:
        raise NitrogenError(f"Shard {shard!r} not found; there are {len(there)}: {', '.join(sorted(there)[:5])}, ...")
    return there[shard]


def fingerprint(shard: Shard) -> str:
    """32 hex digits over names, sizes and versions of the shard's files; nothing is read."""
    digest = hashlib.blake2b(digest_size=16)
    for info in _files(shard.fs, shard.fs.info(shard.path)):
        versions = [str(info[key]) for key in VERSION if info.get(key) is not None]
        digest.update(repr((info["name"].removeprefix(shard.path), info.get("size"), versions)).encode())
    return digest.hexdigest()


def entries(fs: AbstractFileSystem, path: str) -> list[dict[str, Any]]:
    """What a folder holds, by name; nothing where it is none."""
    try:
        return sorted(fs.ls(path, detail=True, refresh=True), key=lambda info: str(info["name"]))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _files(fs: AbstractFileSystem, info: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if info["type"] != "directory":
        yield info
        return
    for entry in entries(fs, info["name"]):
        yield from _files(fs, entry)


def listing(root: str) -> dict[str, Shard]:
    """All shards by name. Raises as `shards`."""
    try:
        fs, base = place(root)
        listed = entries(fs, base) + entries(fs, f"{base.rstrip('/')}/actions")
    except Exception as error:  # every file system raises what its own library does
        why = " ".join(str(error).split()) or type(error).__name__
        raise NitrogenError(
            f"{root}: can't be listed ({why[:200]}); check the address and the network, or name a folder."
        ) from error
    found: dict[str, Shard] = {}
    for info in listed:
        path = info["name"].rstrip("/")
        match = NAME.fullmatch(path.rsplit("/", 1)[-1])
        folder = fs.isdir(path) if info.get("islink") else info["type"] == "directory"
        if match is None or folder == bool(match[2]):
            continue
        shard = Shard(match[1], fs, path, archive=bool(match[2]))
        if other := found.get(shard.name):
            pair = " and ".join(s.path.removeprefix(base).lstrip("/") for s in (other, shard))
            raise NitrogenError(f"Shard {shard.name} is there twice: {pair}; keep one of them.")
        found[shard.name] = shard
    if not found:
        raise NitrogenError(
            f"{root}: no shard found; needed are folders SHARD_* or files SHARD_*.tar.gz, there or in actions/."
        )
    return found
