"""Fresh or stale, and why: decided from the roots in the lake, never from Dagster's own staleness."""

from dataclasses import dataclass
from typing import Literal

from nitro_assets.lineage.graph import ASSETS, Asset
from nitro_assets.lineage.state import Components, Record, State, digest

Verdict = Literal["fresh", "stale", "missing", "waiting"]


@dataclass(frozen=True)
class Status:
    """One artifact: `missing` was never made, `waiting` cannot be made before its inputs are."""

    asset: str
    partition: str
    verdict: Verdict
    why: str
    at: str = ""


def statuses(state: State) -> list[Status]:
    """Every asset and partition, in an order in which inputs come first."""
    return [judge(state, asset, partition) for asset in ASSETS.values() for partition in state.partitions(asset)]


def judge(state: State, asset: Asset, partition: str) -> Status:
    """Whether one artifact is what it would be if it were made now."""
    record = state.records.get((asset.name, partition))
    components = state.components(asset, partition)
    missing = [name for name, version in components.items() if version is None]
    verdict: Verdict
    if record is None:
        verdict, why = ("waiting", f"needs {_few(missing)}") if missing else ("missing", "never made")
    elif asset.is_checkpoint and (tainted := _taint(state, record)):
        verdict, why = "stale", f"tainted: {tainted}"
    elif digest(components) == record.root:
        verdict, why = "fresh", ""
    else:
        verdict, why = ("waiting" if missing else "stale"), _few(_changes(record.components, components))
    return Status(asset.name, partition, verdict, why, record.at.isoformat(timespec="seconds") if record else "")


def _taint(state: State, record: Record) -> str:
    row = state.checkpoints.get(record.version)
    return row["why"] if row and row["state"] == "tainted" else ""


def _changes(old: Components, new: Components) -> list[str]:
    changed = [f"{name} changed" for name in new if name in old and old[name] != new[name]]
    added = [f"{name} is new" for name in new if name not in old]
    return changed + added + [f"{name} is gone" for name in old if name not in new]


def _few(texts: list[str], most: int = 3) -> str:
    rest = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + rest
