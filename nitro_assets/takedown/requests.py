"""Takedown, the short way: a request quarantines at once, taints what was trained on the video, and the next run
deletes its rows from the live tables.

From the moment of the request no reader returns the video's rows and no writer accepts them (the lake's door sees to
it); a request can be lifted until its rows are deleted, and afterwards too: then they are made again.
"""

import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import polars as pl

from nitro_assets.identity import name_of, video_key
from nitro_assets.lake.cache import ClipCache
from nitro_assets.lake.checkpoints import Checkpoints
from nitro_assets.lake.ledger import Entry
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import Artifact, came_from
from nitro_assets.lineage.graph import ASSETS
from nitro_assets.lineage.state import State, index_version, scope, version_of
from nitro_assets.settings import Settings

KEY = re.compile(r"[0-9a-f]{32}")


class TakedownError(ValueError):
    """A request that cannot be taken; the message says why and what would be."""


@dataclass(frozen=True)
class Request:
    """A request and its state. `video_keys` stand in its private file, until they are erased; `block_keys` for ever."""

    id: str
    video_keys: tuple[str, ...]
    block_keys: tuple[str, ...]
    state: Literal["quarantined", "erased", "lifted"]
    asked_at: str
    changed_at: str


def resolve(settings: Settings, video: str) -> str:
    """The video key of an address or a key. Raises `TakedownError` for anything else."""
    video = video.strip()
    if KEY.fullmatch(video):
        return video
    if not re.match(r"https?://[^\s/]+/\S", video):
        raise TakedownError(
            "a takedown names a video by its http(s) address or its 32-digit video key; this is neither."
        )
    return video_key(settings.secret, name_of(video))


def request(lake: Lake, settings: Settings, video: str, reason: str) -> Request:
    """Quarantine a video: ledger entry first, then the taint on every checkpoint that it reached.

    Raises `TakedownError` where the video is already under a request. A video the lake never saw is blocked all the
    same: it will never be taken in.
    """
    key = resolve(settings, video)
    if any(lake.block_keys([key])[0] in r.block_keys and r.state != "lifted" for r in requests(lake)):
        raise TakedownError(f"video {key} is already under a takedown request; see `nitro takedown status`.")
    name = f"T-{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(3)}"
    lake.fs.makedirs(f"{lake.root}/requests", exist_ok=True)
    private = json.dumps({"request": name, "reason": reason, "video_keys": [key]}).encode()
    lake.fs.pipe_file(f"{lake.root}/requests/{name}.json", private)
    lake.ledger.append("quarantine", name, lake.block_keys([key]))
    taint(lake, key, name)
    return find(lake, name)


def taint(lake: Lake, key: str, name: str) -> list[Artifact]:
    """Mark every checkpoint the video reached as tainted; nothing loads it from then on."""
    reached = came_from(lake, key)
    checkpoints, known = Checkpoints(lake), set(Checkpoints(lake).states()["checkpoint"])
    for artifact in reached:
        if ASSETS[artifact.asset].is_checkpoint and artifact.version in known:
            checkpoints.change(artifact.version, "tainted", f"saw a video under request {name}")
    return reached


def requests(lake: Lake) -> list[Request]:
    """Every request with its state, oldest first."""
    by_id: dict[str, list[Entry]] = {}
    for entry in lake.ledger.entries():
        if entry.request:
            by_id.setdefault(entry.request, []).append(entry)
    states = {"quarantine": "quarantined", "erased": "erased", "lifted": "lifted"}
    return [
        Request(
            name,
            _private_keys(lake, name),
            found[0].video_keys,
            states[found[-1].kind],  # type: ignore[arg-type]
            found[0].at,
            found[-1].at,
        )
        for name, found in by_id.items()
    ]


def _private_keys(lake: Lake, name: str) -> tuple[str, ...]:
    path = f"{lake.root}/requests/{name}.json"
    return tuple(json.loads(lake.fs.cat_file(path))["video_keys"]) if lake.fs.exists(path) else ()


def find(lake: Lake, name: str) -> Request:
    """One request. Raises `TakedownError` for an unknown id."""
    for found in requests(lake):
        if found.id == name:
            return found
    raise TakedownError(f"request {name!r} is unknown; `nitro takedown status` lists all.")


def erase(lake: Lake, settings: Settings, found: Request) -> dict[tuple[str, str], int]:
    """Delete the request's rows from the live tables and the cache; rows removed by (table, partition).

    The versions of the partitions change, so that all that read them is stale. Done twice, the second finds nothing.
    """
    if found.state == "lifted":
        raise TakedownError(f"request {found.id} was lifted; there is nothing to erase.")
    removed = lake.erase(found.video_keys)
    touched = {(TABLES[table].asset, partition) for table, partition in removed}
    withhold(lake, settings, touched, found.video_keys)
    cache = ClipCache(settings.cache)
    for key in found.video_keys:
        cache.erase(key)
    if found.state != "erased":
        lake.ledger.append("erased", found.id, found.block_keys)
    return removed


def withhold(lake: Lake, settings: Settings, touched: set[tuple[str, str]], keys: Iterable[str]) -> None:
    """Give the touched partitions a new version that says which videos are withheld."""
    state = State(lake, settings)
    for asset, partition in sorted(touched & set(state.records)):
        old = state.records[asset, partition]
        withheld = tuple(sorted({*old.withheld, *keys}))
        version = index_version(lake, partition) if asset == "video_index" else version_of(old.root, withheld)
        state.record(replace(old, version=version, withheld=withheld))


def lift(lake: Lake, settings: Settings, name: str) -> Request:
    """End a request: its videos may be read and written again, and what was deleted is made again by the next run."""
    found = find(lake, name)
    if found.state == "lifted":
        raise TakedownError(f"request {name} was already lifted.")
    lake.ledger.append("lifted", name, found.block_keys)
    for (asset, partition), record in State(lake, settings).records.items():
        if set(record.withheld) & set(found.video_keys):
            lake.drop("materialisations", scope(asset, partition))
    checkpoints = Checkpoints(lake)
    for row in checkpoints.states().filter(pl.col("why") == f"saw a video under request {name}").iter_rows(named=True):
        checkpoints.change(row["checkpoint"], "candidate", f"request {name} was lifted")
    return find(lake, name)
