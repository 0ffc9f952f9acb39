"""What a versioned bucket keeps of all that was removed from the lake. It comes last."""

from typing import Any

from nitro_assets.lake.delta.purge import purge_versions
from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Store, Subject, Target, nothing

PARTS = ("tables", "checkpoints", "staging", "requests")
"""The parts of the lake from which an erasure removes objects. Versions of the ledger are evidence, and stay."""


def purge_object_versions(subject: Subject) -> Counts:
    """Noncurrent versions, delete markers and unfinished uploads."""
    lake = subject.lake
    return {"versions": sum(purge_versions(lake.fs, f"{lake.root}/{part}") for part in PARTS)}


def scan(settings: Settings, instance: Any) -> list[Target]:
    return []


STORE = Store(turn=130, find=nothing, erase=(purge_object_versions,), scan=scan)
