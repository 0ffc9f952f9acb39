"""The clip cache (`lake/files/cache.py`): clips, pictures beside them, and halves of downloads."""

from typing import Any

from nitro_assets.lake.files.cache import ClipCache
from nitro_assets.lake.files.video_downloads import video_downloads
from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Found, Store, Subject, Target


def find(subject: Subject) -> Found:
    cache = ClipCache(subject.settings.cache)
    return Found(counts={"clips": sum(cache.count(key) for key in subject.video_keys)})


def erase_clips(subject: Subject) -> Counts:
    """Clips in the cache, and what is on its way there."""
    for key in subject.video_keys:
        video_downloads(subject.settings).erase(key)
    cache = ClipCache(subject.settings.cache)
    return {"clips": sum(cache.erase(key) for key in subject.video_keys)}


def scan(settings: Settings, instance: Any) -> list[Target]:
    return [Target(where, "clip cache") for where in dict.fromkeys([settings.cache, str(settings.cache_folder)])]


STORE = Store(turn=20, find=find, erase=(erase_clips,), scan=scan)
