"""Files outside the tables that hold or mention the videos: NitroGen's shards on disk, exports, requests taken in."""

import json
import shutil
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nitro_assets.identity import canonical_name, names_of, video_key
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.text_match import Mentions
from nitro_ml.nitrogen.shards import NitrogenError, listing


@dataclass(frozen=True)
class NitrogenPlace:
    """A shard on this machine that holds the videos of `ids`: a folder, or an archive."""

    shard: str
    path: Path
    archive: bool
    ids: frozenset[str]


def nitrogen_places(
    lake: Lake, settings: Settings, video_keys: Collection[str], planned: Collection[str] = ()
) -> Iterator[NitrogenPlace]:
    """The local shards with folders or members of the videos; nothing where the shards are remote.

    An archive is looked into where an index row or the plan names it, a folder always: its names are quickly read.
    Where the index knows of more videos there than the names tell (pages that have no id), the metadata are read.
    """
    if "://" in settings.nitrogen or not Path(settings.nitrogen).exists():
        return
    keys = set(video_keys)
    rows = lake.stored("nitrogen_videos").select("nitrogen_shard", "video_key", "source").collect()
    mine = rows.filter(rows["video_key"].is_in(list(keys)))["nitrogen_shard"].to_list()
    known = {*planned, *mine}
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
            yield NitrogenPlace(name, path, shard.archive, ids)


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


def erase_nitrogen(place: NitrogenPlace) -> int:
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


def erase_mentioning(folder: Path, mentions: Mentions) -> int:
    """Remove the files and folders under a folder whose name or content mentions the videos."""
    count = 0
    for path in sorted(folder.rglob("*"), key=lambda p: len(p.parts), reverse=True):
        if path.is_dir() and path.name in mentions:
            shutil.rmtree(path)
            count += 1
        elif path.is_file() and mentions.file(path):
            path.unlink()
            count += 1
    return count
