"""Out of the live tables: the request's rows, and its clips in the cache."""

from collections.abc import Iterable
from dataclasses import replace

from nitro_assets.lake.cache import ClipCache
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State, index_version, version_of
from nitro_assets.settings import Settings
from nitro_assets.takedown.requests import Request, TakedownError, advance


def erase(lake: Lake, settings: Settings, found: Request) -> dict[tuple[str, str], int]:
    """Delete the request's rows from the live tables and the cache; rows removed by (table, partition).

    The versions of the partitions change, so that all that read them is stale. Done twice, the second finds nothing.
    """
    if not found.is_live:
        raise TakedownError(f"request {found.id} is {found.state}; there is nothing to erase.")
    removed = lake.erase(found.video_keys)
    touched = {(TABLES[table].asset, partition) for table, partition in removed}
    withhold(lake, settings, touched, found.video_keys)
    cache = ClipCache(settings.cache)
    for key in found.video_keys:
        cache.erase(key)
    if found.state != "erased":
        advance(lake, found.id, "erased")
    return removed


def withhold(lake: Lake, settings: Settings, touched: set[tuple[str, str]], keys: Iterable[str]) -> None:
    """Give the touched partitions a new version that says which videos are withheld."""
    state = State(lake, settings)
    for asset, partition in sorted(touched & set(state.records)):
        old = state.records[asset, partition]
        withheld = tuple(sorted({*old.withheld, *keys}))
        version = index_version(lake, partition) if asset == "video_index" else version_of(old.root, withheld)
        state.record(replace(old, version=version, withheld=withheld))
