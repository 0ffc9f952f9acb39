"""What killed workers leave in this machine's temporary folder: downloads, clips, rows, what a shard's reader spilt.

Files and folders are named by the video's key, but for those of an archive's reader: there the metadata say whose the
labels beside them are. Folders that others made, though they begin with `nitro-` too, are not touched.
"""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Found, Store, Subject, Target

WORKERS = (
    "checkpoints",
    "clips",
    "film",
    "fit",
    "frames",
    "idm",
    "labels",
    "lane",
    "messages",
    "picture",
    "policy",
    "rows",
    "shard",
    "training",
    "video",
    "world",
)
"""What workers call their temporary folders, after `nitro-`."""


def find(subject: Subject) -> Found:
    return Found(counts={"temporary files and folders": len(_named(subject))})


def erase_temporary(subject: Subject) -> Counts:
    """Files and folders under the videos' keys, and the chunks that a reader spilt of them."""
    count = 0
    for path in [*_named(subject), *_spilt(subject)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)  # its folder may have gone with it
        count += 1
    return {"paths": count}


def scan(settings: Settings, instance: Any) -> list[Target]:
    root = tempfile.gettempdir()
    return [Target(str(folder), "temporary folder", root) for folder in _folders(*WORKERS)]


def _folders(*workers: str) -> list[Path]:
    return [path for name in workers for path in sorted(Path(tempfile.gettempdir()).glob(f"nitro-{name}*"))]


def _named(subject: Subject) -> list[Path]:
    keys = set(subject.video_keys)
    length = len(subject.video_keys[0]) if keys else 0
    return [path for folder in _folders(*WORKERS) for path in folder.rglob("*") if path.name[:length] in keys]


def _spilt(subject: Subject) -> list[Path]:
    found = []
    for path in [path for folder in _folders("shard") for path in folder.glob("*/metadata.json")]:
        with suppress(OSError):  # its reader has just gone on
            found += [path.parent] if subject.text_match.file(path) else []
    return found


STORE = Store(turn=40, find=find, erase=(erase_temporary,), scan=scan)
