"""The clip cache: clips, pictures beside them, and halves of downloads (`lake/files/cache.py`)."""

from typing import Any

from nitro_assets.lake.files.cache import ClipCache
from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Found, Store, Subject, Target


def find(subject: Subject) -> Found:
    cache = ClipCache(subject.settings.cache)
    return Found(counts={"clips": sum(cache.count(key) for key in subject.video_keys)})


def erase_clips(subject: Subject) -> Counts:
    """Clips in the cache."""
    cache = ClipCache(subject.settings.cache)
    return {"clips": sum(cache.erase(key) for key in subject.video_keys)}


def scan(settings: Settings, instance: Any) -> list[Target]:
    return [Target(str(settings.cache), "clip cache")]


STORE = Store(turn=20, find=find, erase=(erase_clips,), scan=scan)
