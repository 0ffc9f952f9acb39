"""Label files of shards that are not finished (`lake/files/staging.py`)."""

from typing import Any

from nitro_assets.lake.files import staging
from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Found, Store, Subject, Target


def find(subject: Subject) -> Found:
    return Found(counts={"staged": sum(len(staging.staged(subject.lake, key)) for key in subject.video_keys)})


def erase_staged(subject: Subject) -> Counts:
    """Label files of shards that are not finished."""
    return {"files": staging.erase(subject.lake, subject.video_keys)}


def scan(settings: Settings, instance: Any) -> list[Target]:
    return [Target(f"{settings.lake}/{staging.FOLDER}", "staged labels")]


STORE = Store(turn=30, find=find, erase=(erase_staged,), scan=scan)
