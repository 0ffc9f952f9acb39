"""Videos on their way, and what broken downloads have left of them: folders of this machine, one a video.

A later run goes on from what a killed one left; what nobody comes back for leaves by age and size, and with a takedown.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nitro_assets.settings import Settings

LOCK = "lock"


class VideoDownloads:
    """Folders `VIDEO_KEY/` below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def enter(self, video_key: str) -> Iterator[Path | None]:
        """The folder for a video's download, with what an earlier one left in it; None while another process has it.
        What lies in it at the end stays."""
        folder = self._root / video_key
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(folder) as ours:
            try:
                if ours:
                    os.utime(folder / LOCK)
                yield folder if ours else None
            finally:
                if ours and _names(folder) == [LOCK]:
                    shutil.rmtree(folder, ignore_errors=True)

    def erase(self, video_key: str) -> None:
        """Remove what there is of a video."""
        if self.holds(video_key):
            shutil.rmtree(self._root / video_key)

    def holds(self, video_key: str) -> bool:
        return (self._root / video_key).exists()

    def evict(self, limit_bytes: float, max_age_seconds: float) -> None:
        """Remove what was not gone on with for too long, then the oldest until the rest fits the limit."""
        left = {path: size for path in self._root.glob(f"*/{LOCK}") if (size := _idle_bytes(path.parent))}
        total = sum(left.values())
        for used, path in sorted((path.stat().st_mtime, path) for path in left):
            if total <= limit_bytes and time.time() - used <= max_age_seconds:
                return
            total -= left[path]
            _remove_idle(path.parent)


def video_downloads(settings: Settings) -> VideoDownloads:
    """Those of this machine."""
    return VideoDownloads(settings.cache_folder / "videos")


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
