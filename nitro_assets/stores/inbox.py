"""The inbox of takedown requests, `NITRO_INBOX`."""

from typing import Any

from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Store, Subject, Target, nothing
from nitro_assets.stores.common.text_match import erase_mentioning


def erase_asked(subject: Subject) -> Counts:
    """Request files in the inbox, and their answers."""
    return {"files": erase_mentioning(subject.settings.inbox, subject.text_match)}


def scan(settings: Settings, instance: Any) -> list[Target]:
    return [Target(str(settings.inbox), "inbox")]


STORE = Store(turn=80, find=nothing, erase=(erase_asked,), scan=scan)
