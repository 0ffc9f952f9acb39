"""By which key the lake knows a video that has several names.

The canonical name gives a video its key. What its address is called besides, and what it was called before, stands as
keys of names in the table `video_names`, so that whoever asks by any of them means the same video.
"""

from collections.abc import Collection, Iterable, Mapping

import polars as pl

from nitro_assets.identity import Names, shard_of, video_key
from nitro_assets.lake.store import Lake

TABLE = "video_names"
HELD_IN = ("nitrogen_videos", "video_index", "rejects", "failed_downloads", "lineage_edges")
"""Whoever has rows anywhere has some in one of these."""


def known(lake: Lake, keys: Collection[str]) -> dict[str, frozenset[str]]:
    """Of keys of names: the videos that are in the lake, blocked ones too, and have that name."""
    found: dict[str, set[str]] = {}
    if not keys:
        return {}
    wanted = list(keys)
    for table in HELD_IN:
        rows = lake.stored(table)
        if table == "video_index":
            rows = rows.filter(pl.col("corpus_shard").is_in(list({shard_of(key, lake.corpus_shards) for key in keys})))
        for key in rows.filter(pl.col("video_key").is_in(wanted)).select("video_key").unique().collect()["video_key"]:
            found.setdefault(key, set()).add(key)
    for key, name in _named(lake, wanted):
        found.setdefault(name, set()).add(key)
    return {name: frozenset(videos) for name, videos in found.items()}


def _named(lake: Lake, keys: list[str]) -> Iterable[tuple[str, str]]:
    rows = lake.stored(TABLE).filter(pl.col("name_key").is_in(keys)).select("video_key", "name_key").unique()
    return rows.collect().iter_rows()


class Namer:
    """Gives keys to videos on their way into the lake.

    A video that the lake knows by an older name of its page keeps the key it has. One of which any name is under a
    takedown request gets the key of that name, so that the door refuses it.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake, self._blocklist = lake, lake.blocklist()
        self._found: dict[Names, dict[str, str]] = {}
        self._keys: dict[Names, str] = {}

    def add(self, videos: Iterable[Names]) -> None:
        """Look many videos up at once; `Names` are all names of one, the canonical one first."""
        new = {names: {name: video_key(self._lake.secret, name) for name in names} for names in videos}
        self._settle(new, known(self._lake, {key for keys in new.values() for key in _sure(keys).values()}))

    def _settle(self, new: dict[Names, dict[str, str]], held: Mapping[str, frozenset[str]]) -> None:
        for names, keys in new.items():
            first = keys[names[0]]
            before = {video for key in _sure(keys).values() for video in held.get(key, ())}
            mine = first if first in before else min(before, default=first)
            self._keys[names] = next((key for key in (mine, *keys.values()) if key in self._blocklist), mine)
        self._found |= new

    def key(self, names: Names) -> str:
        """The key of the video with these names."""
        if names not in self._keys and names[0].startswith("page:") and len(names) > 1:
            self.add([names])
        elif names not in self._keys:
            self._settle({names: {name: video_key(self._lake.secret, name) for name in names}}, {})
        return self._keys[names]

    def keep(self, scope: str) -> None:
        """Write down the keys of the further names: those by a site's address, and all of a video with an older key."""
        rows = [
            {"video_key": self._keys[names], "name_key": key}
            for names, keys in self._found.items()
            for name, key in keys.items()
            if key != self._keys[names] and (self._keys[names] != keys[names[0]] or not name.startswith("page:"))
        ]
        schema = {"video_key": pl.String, "name_key": pl.String}
        self._lake.write_unless_empty(
            TABLE, scope, pl.DataFrame(rows, schema=schema).unique().sort("video_key", "name_key")
        )

    @property
    def is_late(self) -> bool:
        """Whether a name was asked for meanwhile, so that what was written must be written again."""
        now = self._lake.blocklist()
        return any(now.among(keys.values()) and self._keys[names] not in now for names, keys in self._found.items())


def _sure(keys: Mapping[str, str]) -> dict[str, str]:
    """The names that no other video has: a site's address may hold less than the video's id does."""
    return {name: key for name, key in keys.items() if name.startswith("page:") or name == next(iter(keys))}
