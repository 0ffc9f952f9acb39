"""The clip cache: short stretches at the model's resolution, private, bounded, under the video key.

A cache and not an asset: what is missing is fetched again, what is old or too much leaves, a takedown erases it. The
same holds for what a download that broke off has left.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_assets.settings import Settings

VIDEOS = "videos"
LOCK = "lock"


class ClipCache:
    """Folders `SIZE/VIDEO_KEY/` with `NAME.frames.npy` (uint8 [T, S, S, 3]) and `NAME.time.npy` (float64 [T]); and
    `videos/VIDEO_KEY/` with a video on its way."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _paths(self, size: int, video_key: str, name: str) -> tuple[Path, Path]:
        folder = self._root / str(size) / video_key
        return folder / f"{name}.frames.npy", folder / f"{name}.time.npy"

    def get(self, size: int, video_key: str, name: str) -> tuple[NDArray[np.uint8], NDArray[np.float64]] | None:
        """A read-only memory map and the times, or None where the clip isn't here."""
        frames, times = self._paths(size, video_key, name)
        if not times.exists():
            return None
        os.utime(times)
        return np.load(frames, mmap_mode="r"), np.load(times)

    def put(self, size: int, video_key: str, name: str, frames: NDArray[np.uint8], times: NDArray[np.float64]) -> None:
        """Store a clip; the times last, so that a clip without them was cut off and doesn't count."""
        paths = self._paths(size, video_key, name)
        paths[0].parent.mkdir(parents=True, exist_ok=True)
        arrays: tuple[NDArray[Any], NDArray[Any]] = (frames, times)
        for path, array in zip(paths, arrays, strict=True):
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as file:
                np.save(file, array)
            Path(file.name).rename(path)

    def beside(self, size: int, video_key: str, name: str) -> Path:
        """Where a picture of a video lies, beside its clips: as private, erased with them, gone at the same age."""
        return self._root / str(size) / video_key / name

    @contextmanager
    def download(self, video_key: str) -> Iterator[Path | None]:
        """The folder for a video's download, with what an earlier one left in it; None while another process has it.
        What lies in it at the end stays."""
        folder = self._root / VIDEOS / video_key
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(folder) as ours:
            try:
                if ours:
                    os.utime(folder / LOCK)
                yield folder if ours else None
            finally:
                if ours and _names(folder) == [LOCK]:
                    shutil.rmtree(folder, ignore_errors=True)

    def erase(self, video_key: str) -> int:
        """Remove everything of a video; the number of clips that were there."""
        count = self.count(video_key)
        for folder in self._root.glob(f"*/{video_key}"):
            shutil.rmtree(folder)
        return count

    def count(self, video_key: str) -> int:
        """The clips of a video, whatever their size."""
        return len(list(self._root.glob(f"*/{video_key}/*.time.npy")))

    def videos(self, size: int) -> set[str]:
        """The videos of which there are clips at this size."""
        folder = self._root / str(size)
        return {entry.name for entry in os.scandir(folder)} if folder.is_dir() else set()

    def holds(self, video_key: str) -> bool:
        return any(self._root.glob(f"*/{video_key}/*"))

    def evict(self, limit_bytes: float, max_age_seconds: float) -> None:
        """Remove clips and halves of downloads not used for too long, then the longest unused until the rest fits the
        limit."""
        for picture in self._root.glob("*/*/*.png"):
            if time.time() - picture.stat().st_mtime > max_age_seconds:
                picture.unlink()
        left = {path: size for path in self._root.glob(f"{VIDEOS}/*/{LOCK}") if (size := _idle_bytes(path.parent))}
        found = [(path.stat().st_mtime, path) for path in (*self._root.glob("*/*/*.time.npy"), *left)]
        total = sum(left.values()) + sum(p.stat().st_size for p in self._root.glob("*/*/*.npy"))
        for used, path in sorted(found):
            if total <= limit_bytes and time.time() - used <= max_age_seconds:
                return
            if path in left:
                total -= left[path]
                _remove_idle(path.parent)
                continue
            for part in (path, path.with_name(path.name.replace(".time.", ".frames."))):
                total -= part.stat().st_size
                part.unlink()


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def _idle_bytes(folder: Path) -> int:
    """The bytes of what is left of a download; 0 where somebody is at it."""
    with _alone(folder) as ours:
        return sum(path.stat().st_size for path in folder.iterdir()) if ours else 0


def _remove_idle(folder: Path) -> None:
    """Remove what is left of a download, unless somebody is at it."""
    with _alone(folder) as ours:
        if ours:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether the folder, if it is there, is this process' alone for as long as this is entered."""
    lock = folder / LOCK
    try:
        file = lock.open("a")
    except FileNotFoundError:
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield lock.exists() and os.path.samestat(lock.stat(), os.fstat(file.fileno()))


@contextmanager
def clip_cache(settings: Settings) -> Iterator[ClipCache]:
    """The cache for the length of a job, evicted to its bounds afterwards; a temporary one where it is turned off."""
    if settings.cache_gb == 0:
        with tempfile.TemporaryDirectory(prefix="nitro-clips-") as folder:
            yield ClipCache(Path(folder))
        return
    cache = ClipCache(settings.cache)
    try:
        yield cache
    finally:
        cache.evict(settings.cache_gb * 1e9, settings.cache_days * 86_400)
