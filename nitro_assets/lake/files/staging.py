"""Finished videos of shards that are not finished: one file a video, adopted by the next run, gone with the commit.

    staging/SHARD/MAKER/VIDEO_KEY.parquet

MAKER names what made the rows (checkpoint and code), so that rows of another model are never taken for this one's.
No reader of the tables sees them. A takedown erases them by video (`erase`).
"""

import re
import secrets
from collections.abc import Iterable

from nitro_assets.lake.store import Lake, LakeError
from nitro_ml.core.files.filesystem import place

FOLDER = "staging"


class Staging:
    """The staged videos of one lake's shard, made by one maker."""

    def __init__(self, lake: Lake, shard: str, maker: str) -> None:
        if not re.fullmatch(r"[\w-]+", maker):
            raise LakeError(f"staging: maker {maker!r}; allowed are letters, digits, _ and -.")
        self._lake = lake
        self._shard = f"{lake.root}/{FOLDER}/{shard}"
        self.url = f"{lake.url}/{FOLDER}/{shard}/{maker}"

    def videos(self) -> set[str]:
        """The videos that are here, blocked ones left out."""
        fs, folder = place(self.url)
        fs.invalidate_cache()
        found = {_key(path) for path in (fs.ls(folder, detail=False) if fs.exists(folder) else []) if _whole(path)}
        return found - self._lake.blocklist().among(found)

    def path(self, video_key: str) -> str:
        """Where a video's rows are, for polars."""
        return f"{self.url}/{video_key}.parquet"

    def clear(self) -> None:
        """Remove all of the shard's, of this maker and of earlier ones."""
        self._lake.fs.invalidate_cache()
        if self._lake.fs.exists(self._shard):
            self._lake.fs.rm(self._shard, recursive=True)


def put(local: str, url: str, video_key: str) -> None:
    """Store a finished file under the folder `url`, whole or not at all."""
    fs, folder = place(url)
    fs.makedirs(folder, exist_ok=True)
    target = f"{folder}/{video_key}.parquet"
    if "file" not in fs.protocol:
        fs.put_file(local, target)  # an object store puts whole objects
        return
    draft = f"{target}.{secrets.token_hex(4)}.draft"
    try:
        fs.put_file(local, draft)
        fs.mv(draft, target)
    finally:
        if fs.exists(draft):
            fs.rm_file(draft)


def staged(lake: Lake, video_key: str) -> list[str]:
    """Every staged file of a video, whole or not, whatever shard and maker."""
    lake.fs.invalidate_cache()
    folder = f"{lake.root}/{FOLDER}"
    found = lake.fs.find(folder) if lake.fs.exists(folder) else []
    return sorted(str(path) for path in found if path.rsplit("/", 1)[-1].startswith(f"{video_key}."))


def erase(lake: Lake, video_keys: Iterable[str]) -> int:
    """Remove all staged files of the videos; how many there were."""
    paths = [path for key in video_keys for path in staged(lake, key)]
    for path in paths:
        lake.fs.rm_file(path)
    return len(paths)


def _whole(path: str) -> bool:
    return path.endswith(".parquet")


def _key(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".parquet")
