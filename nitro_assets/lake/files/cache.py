"""The clip cache: short stretches at the model's resolution, packed, private, bounded, under the video key.

    SIZE/VIDEO_KEY/NAME.safetensors     a packed clip (`nitro_ml/video/encoded`), whole or not there
    SIZE/VIDEO_KEY/NAME.png             a picture of the video, as private, erased with its clips

In a folder or a bucket, shared by all who use it. A cache and not an asset: what is missing is fetched again, what is
old or too much leaves, a takedown erases it. It is bounded while it is written: who finds it full makes room first.
"""

import errno
import math
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nitro_assets.lake.delta.purge import purge_versions
from nitro_assets.lake.files.video_downloads import video_downloads
from nitro_assets.settings import Settings
from nitro_ml.core.files.filesystem import place
from nitro_ml.video.encoded import clip_file
from nitro_ml.video.encoded.codec import ClipFileError
from nitro_ml.video.encoded.frames import EncodedFrames

CLIP = ".safetensors"
SPARE = 500_000_000
"""Bytes of the disk that the cache leaves to others."""
LOOK = 0.01
"""The share of the limit that a process writes before it looks again what others wrote, and that it frees at once: so
many writers can't exceed the limit by more than a hundredth each."""
FULL_SECONDS = 600.0
"""For so long a process that found the cache full packs no clips that it doesn't need."""
DRAFT_SECONDS = 3600.0
"""A file that is neither clip nor picture and older than this was cut off, or is of a time before clips were packed."""


class CacheFullError(OSError):
    """There is no room for what this process itself needs. The message says what to change."""


class StoredClip(NamedTuple):
    """rgb: frames that are read and decoded when they are asked for; time: float64 [T], seconds."""

    rgb: EncodedFrames
    time: NDArray[np.float64]


class _File(NamedTuple):
    used: float
    size: int
    path: str


class ClipCache:
    """The clips below `root`, a folder or an address such as s3://bucket/clips; `limit`: bytes.

    A folder knows when a clip was read last, a bucket only when it was written: there the oldest leave first.
    """

    def __init__(self, root: str | Path, limit: float = math.inf) -> None:
        self.url = str(root).rstrip("/")
        self._fs, self._root = place(self.url)
        self._limit = limit
        self._needed: set[str] = set()
        self._lock = threading.Lock()
        self._known, self._written, self._full_until = -1.0, 0, 0.0

    @property
    def _is_local(self) -> bool:
        return "file" in self._fs.protocol

    def get(self, size: int, video_key: str, name: str) -> StoredClip | None:
        """None where the clip isn't here, or is damaged."""
        path = f"{size}/{video_key}/{name}{CLIP}"
        url = f"{self.url}/{path}"
        try:
            head = clip_file.head(url)
        except (FileNotFoundError, ClipFileError):
            return None
        if self._is_local:
            with suppress(OSError):
                os.utime(url)
        self._needed.add(f"{self._root}/{path}")
        return StoredClip(EncodedFrames(url, head), head.time)

    def names(self, size: int, video_key: str) -> set[str]:
        """The clips of a video, in one look."""
        found = self._find(f"{self._root}/{size}/{video_key}")
        return {path.rsplit("/", 1)[-1].removesuffix(CLIP) for path in found if path.endswith(CLIP)}

    def put(
        self,
        size: int,
        video_key: str,
        name: str,
        frames: NDArray[np.uint8],
        times: NDArray[np.float64],
        needed: bool = True,
    ) -> None:
        """Store a clip, whole or not at all, after the longest unused have made room for it.

        needed: what this process stores or reads doesn't leave while it works; where its own clips leave no room,
        `CacheFullError`. A clip that is not needed makes none leave: it is left out instead, for some minutes unpacked.
        """
        if not needed and time.monotonic() < self._full_until:
            return
        self._write(f"{size}/{video_key}/{name}{CLIP}", clip_file.to_bytes(frames, times), needed, freeing=needed)

    @contextmanager
    def beside(self, size: int, video_key: str, name: str) -> Iterator[Path]:
        """A file to write a picture of a video to; it is stored beside the video's clips."""
        with tempfile.TemporaryDirectory(prefix="nitro-picture-") as folder:
            path = Path(folder) / "picture.png"
            yield path
            self._write(f"{size}/{video_key}/{name}", path.read_bytes(), needed=False, freeing=True)

    def erase(self, video_key: str) -> int:
        """Remove everything of a video, older versions in a bucket too; the number of clips that were there.

        It reads and writes the video's own objects only.
        """
        count = 0
        for size in self._sizes(versions=True):
            folder = f"{self._root}/{size}/{video_key}"
            paths = self._find(folder)
            count += sum(path.endswith(CLIP) for path in paths)
            self._remove(paths)
            if self._is_local:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                purge_versions(self._fs, folder)
        return count

    def count(self, video_key: str) -> int:
        """The clips of a video, whatever their size."""
        return sum(len(self.names(int(size), video_key)) for size in self._sizes())

    def videos(self, size: int) -> set[str]:
        """The keys of the videos that there are clips of at one size."""
        self._fs.invalidate_cache()
        folder = f"{self._root}/{size}"
        found = self._fs.ls(folder, detail=False) if self._fs.exists(folder) else []
        return {str(path).rstrip("/").rsplit("/", 1)[-1] for path in found}

    def holds(self, video_key: str) -> bool:
        return any(self._find(f"{self._root}/{size}/{video_key}") for size in self._sizes())

    def evict(self, limit_bytes: float, max_age_seconds: float) -> float:
        """Remove what was not used for too long, then the longest unused until the rest fits; the bytes that stay."""
        now = time.time()
        files = self._files()
        old = {f.path for f in files if now - f.used > max_age_seconds}
        total = float(sum(f.size for f in files if f.path not in old))
        for file in files:
            if total <= limit_bytes:
                break
            if file.path not in old:
                old.add(file.path)
                total -= file.size
        self._remove(sorted(old))
        return total

    def _write(self, path: str, data: bytes, needed: bool, freeing: bool) -> None:
        target = f"{self._root}/{path}"
        if problem := self._make_room(len(data), freeing):
            if needed:
                raise CacheFullError(errno.ENOSPC, problem, self.url)
            self._full_until = time.monotonic() + FULL_SECONDS
            return
        if needed:
            self._needed.add(target)
        if not self._is_local:
            self._fs.pipe_file(target, data)  # an object store puts whole objects
            return
        draft = Path(f"{target}.{secrets.token_hex(4)}.draft")
        draft.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_bytes(data)
            draft.rename(target)
        finally:
            draft.unlink(missing_ok=True)

    def _make_room(self, size: int, freeing: bool) -> str:
        """Take so many bytes, freeing them where need be and allowed; what is wrong where they can't be had."""
        with self._lock:
            if self._known < 0 or self._written > LOOK * self._limit:
                self._look(self._files())
            if (lacking := self._lacking(size)) > 0:
                files = self._files()
                self._look(files)
                if freeing:
                    self._free(files, self._lacking(size))
                lacking = self._lacking(size)
            if lacking > 0:
                return self._full(size)
            self._known += size
            self._written += size
            return ""

    def _look(self, files: list[_File]) -> None:
        self._known, self._written = float(sum(f.size for f in files)), 0

    def _lacking(self, size: int) -> float:
        return size - min(self._limit - self._known, self._left_on_disk())

    def _left_on_disk(self) -> float:
        if not self._is_local:
            return math.inf
        Path(self._root).mkdir(parents=True, exist_ok=True, mode=0o700)
        return shutil.disk_usage(self._root).free - SPARE

    def _full(self, size: int) -> str:
        if self._limit - self._known < size:
            found = f"the clips that this job needs fill the cache's {self._limit / 1e9:g} GB"
            return f"{found}. Raise NITRO_CACHE_GB, or train on fewer hours"
        found = f"found {max(self._left_on_disk(), 0):.0f} bytes beside the {SPARE} that stay free; a clip needs {size}"
        return f"{found}. Free some, or put NITRO_CACHE on another disk"

    def _free(self, files: list[_File], lacking: float) -> None:
        """Remove the longest unused that this process doesn't need."""
        more = LOOK * self._limit if math.isfinite(self._limit) else 0.0
        leaving, freed = [], 0
        for file in files:
            if lacking <= 0 or freed >= lacking + more:
                break
            if file.path not in self._needed:
                leaving.append(file.path)
                freed += file.size
        self._remove(leaving)
        self._known -= freed

    def _files(self) -> list[_File]:
        """Clips and pictures, the longest unused first. What was cut off, and arrays of older caches, are removed."""
        found, stale = [], []
        for size in self._sizes():
            for path, info in self._find(f"{self._root}/{size}").items():
                modified = info.get("LastModified", info.get("mtime", 0.0))
                used = modified.timestamp() if isinstance(modified, datetime) else float(modified)
                if path.endswith((CLIP, ".png")):
                    found.append(_File(used, int(info["size"]), path))
                elif path.endswith(".npy") or time.time() - used > DRAFT_SECONDS:
                    stale.append(path)
        self._remove(stale)
        return sorted(found)

    def _sizes(self, versions: bool = False) -> list[str]:
        """The sides of the frames that there are clips of. versions: or were, where a bucket keeps what was removed."""
        self._fs.invalidate_cache()
        if versions and not self._is_local and "s3" in self._fs.protocol:
            bucket, _, prefix = self._root.partition("/")
            prefix = f"{prefix}/" if prefix else ""
            told = self._fs.call_s3("list_object_versions", Bucket=bucket, Prefix=prefix, Delimiter="/")
            names = [each["Prefix"].rstrip("/") for each in told.get("CommonPrefixes", [])]
        else:
            names = self._fs.ls(self._root, detail=False) if self._fs.exists(self._root) else []
        return [name for path in names if (name := path.rsplit("/", 1)[-1]).isdigit()]

    def _find(self, folder: str) -> dict[str, Any]:
        """What lies below a folder, its facts by path."""
        self._fs.invalidate_cache()
        try:
            return {str(path): info for path, info in self._fs.find(folder, detail=True).items()}
        except FileNotFoundError:  # removed by another process meanwhile
            return {}

    def _remove(self, paths: list[str] | dict[str, Any]) -> None:
        if not paths:
            return
        if not self._is_local:
            self._fs.rm(list(paths))
            return
        for path in paths:
            Path(path).unlink(missing_ok=True)


@lru_cache
def lasting_cache(settings: Settings) -> ClipCache:
    """The one of a process that stores clips of many videos: it knows the cache's size without a look for each."""
    return ClipCache(settings.cache, settings.cache_gb * 1e9)


@contextmanager
def clip_cache(settings: Settings) -> Iterator[ClipCache]:
    """The cache for the length of a job, evicted to its bounds afterwards; a temporary one where it is turned off."""
    if settings.cache_gb == 0:
        with tempfile.TemporaryDirectory(prefix="nitro-clips-") as folder:
            yield ClipCache(folder)
        return
    limit, age = settings.cache_gb * 1e9, settings.cache_days * 86_400
    cache = ClipCache(settings.cache, limit)
    try:
        yield cache
    finally:
        left = cache.evict(limit, age)
        video_downloads(settings).evict(limit - left, age)
