"""Fresh or stale, and why: decided from the roots in the lake, never from Dagster's own staleness."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, get_args

from nitro_assets.assets import ASSETS
from nitro_assets.assets.declare import Asset
from nitro_assets.fingerprint import digest
from nitro_assets.lineage.state import InputVersions, Record, State

Verdict = Literal["fresh", "stale", "missing", "waiting"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
SETTINGS = {"sources": "the file that NITRO_SOURCES names"}
"""What is missing where a component of this name is."""


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


def unfresh(state: State, selected: Collection[str]) -> list[Status]:
    """What of the selected assets isn't what it would be if it were made now."""
    mine = [asset for asset in ASSETS.values() if asset.name in selected]
    found = [judge(state, asset, partition) for asset in mine for partition in state.partitions(asset)]
    return [status for status in found if status.verdict != "fresh"]


def by_asset(found: Sequence[Status]) -> list[dict[str, str]]:
    """A row an asset: how many of its partitions are in which state, and when the latest was made."""
    rows = []
    for asset, parts in groupby(found, key=lambda s: s.asset):
        mine = list(parts)
        counts = Counter(s.verdict for s in mine)
        told = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])
        rows.append({"asset": asset, "partitions": told, "made": max(s.at for s in mine)})
    return rows


def needing(found: Sequence[Status]) -> list[dict[str, str]]:
    """A row for every run of neighbouring partitions that aren't fresh, or that wait, for the same reason."""
    alike = groupby(found, key=lambda s: (s.asset, s.verdict, s.why.replace(f"/{s.partition}", "")))
    return [
        {"asset": asset, "partitions": ranged([s.partition for s in run]), "state": verdict, "why": why}
        for (asset, verdict, why), run in alike
        if why
    ]


def ranged(partitions: Sequence[str]) -> str:
    """`0000`, `0000, 0001`, or `0000 to 0007`."""
    return ", ".join(partitions) if len(partitions) < 3 else f"{partitions[0]} to {partitions[-1]}"


def judge(state: State, asset: Asset, partition: str) -> Status:
    """Whether one artifact is what it would be if it were made now."""
    record = state.records.get((asset.name, partition))
    components = state.input_versions(asset, partition)
    missing = [name for name, version in components.items() if version is None]
    verdict: Verdict
    if record is None:
        verdict, why = ("waiting", f"needs {_few(_inputs(missing))}") if missing else ("missing", "never made")
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


def _changes(old: InputVersions, new: InputVersions) -> list[str]:
    changed = [f"{name} changed" for name in new if name in old and old[name] != new[name]]
    added = [f"{name} is new" for name in new if name not in old]
    return changed + added + [f"{name} is gone" for name in old if name not in new]


def _inputs(names: list[str]) -> list[str]:
    """Of inputs `asset/partition`, those of one asset as one text; where a setting is missing, its name."""
    by_asset: dict[str, list[str]] = {}
    for name in names:
        by_asset.setdefault(SETTINGS.get(name, name.split("/")[0]), []).append(name)
    return [
        f"{asset} ({len(same)} partitions)" if len(same) > 1 else SETTINGS.get(same[0], same[0])
        for asset, same in by_asset.items()
    ]


def _few(texts: list[str], most: int = 3) -> str:
    rest = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + rest
