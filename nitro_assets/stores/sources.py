"""The sources file, `NITRO_SOURCES`: it is looked through, and its owner's to edit."""

from typing import Any

from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Store, Target, nothing


def scan(settings: Settings, instance: Any) -> list[Target]:
    return [Target(str(settings.sources), "sources file")] if settings.sources else []


STORE = Store(turn=120, find=nothing, erase=(), scan=scan)
