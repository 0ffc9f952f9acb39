"""What killed workers leave in this machine's temporary folder, under `nitro-*`: downloads, clips, rows, spilt shards.

Big files are named by the video's key. Small ones are looked into as well, since a shard's metadata name the video
inside; the folder such a file lies in goes with it.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Found, Store, Subject, Target

SMALL = 1 << 16
"""Bytes of the largest file that is looked into."""


def find(subject: Subject) -> Found:
    return Found(counts={"temporary files and folders": len(list(_named(subject)))})


def erase_temporary(subject: Subject) -> Counts:
    """Files and folders under the videos' keys, and small files that mention the videos."""
    count = 0
    for path in [*_named(subject), *_mentioning(subject)]:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():  # its folder may have gone with it
            path.unlink()
        else:
            continue
        count += 1
    return {"paths": count}


def scan(settings: Settings, instance: Any) -> list[Target]:
    root = tempfile.gettempdir()
    return [Target(str(folder), "temporary folder", root) for folder in _folders()]


def _folders() -> list[Path]:
    return sorted(Path(tempfile.gettempdir()).glob("nitro-*"))


def _named(subject: Subject) -> Iterator[Path]:
    keys = set(subject.video_keys)
    length = len(subject.video_keys[0]) if keys else 0
    for folder in _folders():
        yield from [path for path in folder.rglob("*") if path.name[:length] in keys]


def _mentioning(subject: Subject) -> Iterator[Path]:
    for folder in _folders():
        for path in folder.rglob("*"):
            with suppress(OSError):  # a worker has just removed it, or it is another user's
                if path.is_file() and path.stat().st_size <= SMALL and subject.mentions.file(path):
                    yield path if path.parent == folder else path.parent


STORE = Store(turn=40, find=find, erase=(erase_temporary,), scan=scan)
