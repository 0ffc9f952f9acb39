"""Exports, reports, pictures and the log: whatever is made for people under `NITRO_EXPORTS`."""

from typing import Any

from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Store, Subject, Target, nothing
from nitro_assets.stores.common.text_match import erase_mentioning


def erase_exports(subject: Subject) -> Counts:
    """Exports, reports and pictures that mention the videos or a model that saw them."""
    return {"files": erase_mentioning(subject.settings.exports, subject.text_match)}


def scan(settings: Settings, instance: Any) -> list[Target]:
    return [Target(str(settings.exports), "exports")]


STORE = Store(turn=70, find=nothing, erase=(erase_exports,), scan=scan)
