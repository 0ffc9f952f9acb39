"""NitroGen's shards on this machine: folders, and members of archives. Remote ones are NVIDIA's, and only read."""

import json
import shutil
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from nitro_assets.identity import canonical_name, names_of, video_key
from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Found, Store, Subject, Target
from nitro_ml.nitrogen.shards import NitrogenError, listing


@dataclass(frozen=True)
class _Place:
    """A shard on this machine that holds the videos of `ids`: a folder, or an archive."""

    shard: str
    path: Path
    archive: bool
    ids: frozenset[str]


def find(subject: Subject) -> Found:
    return Found(shards=tuple(sorted({place.shard for place in _places(subject)})))


def erase_shards(subject: Subject) -> Counts:
    """Folders and archive members of NitroGen's shards on this machine."""
    return {"places": sum(_erase(place) for place in _places(subject))}


def scan(settings: Settings, instance: Any) -> list[Target]:
    """The shards, and nothing else that lies beside them: nitro doesn't read it."""
    if "://" in settings.nitrogen:
        return []
    folders = (Path(settings.nitrogen), Path(settings.nitrogen, "actions"))
    found = [path for folder in folders for path in sorted(folder.glob("SHARD_*"))]
    return [Target(str(path), "NitroGen shard", settings.nitrogen) for path in found]


def _places(subject: Subject) -> Iterator[_Place]:
    """The local shards with folders or members of the videos; nothing where the shards are remote.

    An archive is looked into where an index row or the plan names it, a folder always: its names are quickly read.
    Where the index knows of more videos there than the names tell (pages that have no id), the metadata are read.
    """
    settings = subject.settings
    if "://" in settings.nitrogen or not Path(settings.nitrogen).exists():
        return
    keys = set(subject.video_keys)
    rows = subject.lake.stored("nitrogen_videos").select("nitrogen_shard", "video_key", "source").collect()
    mine = rows.filter(rows["video_key"].is_in(list(keys)))["nitrogen_shard"].to_list()
    known = {*subject.shards, *mine}
    sources = {"youtube", *rows["source"].drop_nulls()}

    def wanted(video_id: str) -> bool:
        return any(video_key(settings.secret, canonical_name(s, video_id, "")) in keys for s in sources)

    try:
        there = listing(settings.nitrogen)
    except NitrogenError:
        return
    for name, shard in sorted(there.items()):
        path = Path(shard.path)
        if shard.archive and name not in known:
            continue
        inside = _members(path) if shard.archive else {p.name for p in path.iterdir()}
        ids = frozenset(filter(wanted, inside))
        if mine.count(name) > len(ids):
            ids |= {video for video, names in _described(path, shard.archive) if _any(settings.secret, names, keys)}
        if ids:
            yield _Place(name, path, shard.archive, ids)


def _any(secret: bytes, names: Collection[str], keys: Collection[str]) -> bool:
    return any(video_key(secret, name) in keys for name in names)


def _described(path: Path, is_archive: bool) -> Iterator[tuple[str, Collection[str]]]:
    """Each video's folder, and all names that its metadata give it."""
    for folder, data in _metadata_packed(path) if is_archive else _metadata(path):
        try:
            found = json.loads(data)["original_video"]
            yield folder, names_of(found["source"], found["video_id"], found["url"])
        except (ValueError, TypeError, LookupError, AttributeError):
            continue  # no video of the index's: reading the shard refuses it


def _metadata(path: Path) -> Iterator[tuple[str, bytes]]:
    for folder in path.iterdir():
        for file in list(folder.glob("*/metadata.json"))[:1]:
            yield folder.name, file.read_bytes()


def _metadata_packed(path: Path) -> Iterator[tuple[str, bytes]]:
    seen = set()
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            if len(parts) > 2 and parts[-1] == "metadata.json" and parts[-3] not in seen:
                seen.add(parts[-3])
                if file := archive.extractfile(member):
                    yield parts[-3], file.read()


def _members(path: Path) -> set[str]:
    """The folders within an archive, at any depth: one of them is the video's."""
    with tarfile.open(path, "r|gz") as archive:
        return {part for member in archive for part in PurePosixPath(member.name).parts}


def _erase(place: _Place) -> int:
    """Remove the videos' folders, or write the archive anew without their members; how many there were."""
    if not place.archive:
        for video_id in place.ids:
            shutil.rmtree(place.path / video_id)
        return len(place.ids)
    count = 0
    draft = place.path.with_name(f"{place.path.name}.draft")
    with tarfile.open(place.path, "r|gz") as old, tarfile.open(str(draft), "w|gz") as new:
        for member in old:
            if place.ids & set(PurePosixPath(member.name).parts):
                count += 1
            else:
                new.addfile(member, old.extractfile(member) if member.isfile() else None)
    draft.replace(place.path)
    return count


STORE = Store(turn=60, find=find, erase=(erase_shards,), scan=scan)
