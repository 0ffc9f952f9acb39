"""Is anything left? A look at the live tables, the cache and the checkpoints for blocked videos."""

from dataclasses import dataclass

import polars as pl

from nitro_assets.lake.cache import ClipCache
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import came_from
from nitro_assets.lineage.graph import ASSETS
from nitro_assets.lineage.state import State
from nitro_assets.settings import Settings
from nitro_assets.takedown.requests import requests


@dataclass(frozen=True)
class Finding:
    """One thing that should not be there."""

    where: str
    found: str


def audit(lake: Lake, settings: Settings) -> list[Finding]:
    """Rows and clips of erased videos, and usable checkpoints that saw a blocked one; empty when all is well."""
    erased = [key for r in requests(lake) if r.state == "erased" for key in r.video_keys]
    return [*_rows(lake, erased), *_clips(settings, erased), *_checkpoints(lake, settings)]


def _rows(lake: Lake, keys: list[str]) -> list[Finding]:
    found = []
    for table in TABLES.values():
        if table.has_videos:
            rows = lake.stored(table.name).filter(pl.col("video_key").is_in(keys)).select(pl.len()).collect().item()
            found += [Finding(f"table {table.name}", f"{rows} rows")] if rows else []
    return found


def _clips(settings: Settings, keys: list[str]) -> list[Finding]:
    cache = ClipCache(settings.cache)
    return [Finding("clip cache", f"clips of {key}") for key in keys if cache.holds(key)]


def _checkpoints(lake: Lake, settings: Settings) -> list[Finding]:
    states = State(lake, settings).checkpoints
    return [
        Finding(f"checkpoint {artifact.version}", f"is {states[artifact.version]['state']}, not tainted")
        for key in sorted({k for r in requests(lake) if r.is_live for k in r.video_keys})
        for artifact in came_from(lake, key)
        if ASSETS[artifact.asset].is_checkpoint
        and states.get(artifact.version, {}).get("state", "tainted") != "tainted"
    ]
