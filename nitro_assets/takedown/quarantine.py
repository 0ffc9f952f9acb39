"""What a quarantine does besides the door: checkpoints that saw a video load no more. And the way back.

From the moment of the ledger entry no reader returns the videos' rows and no writer accepts them (the lake's door sees
to it). All of it is reversible.
"""

from collections.abc import Mapping
from datetime import datetime

from nitro_assets.assets import ASSETS
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.row_locations import row_locations, video_tables
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import came_from
from nitro_assets.lineage.state import State, scope
from nitro_assets.settings import Settings
from nitro_assets.takedown.encrypted_record import add_videos, forget
from nitro_assets.takedown.requests import Request, advance, requests


def taint(lake: Lake, videos: Mapping[str, str]) -> None:
    """Mark every checkpoint that the videos (each with its request) reached as tainted; nothing loads it from then on.

    Videos that no edge names reached nothing, and cost nothing.
    """
    edges = lake.read("lineage_edges").select("video_key").unique().collect()["video_key"]
    checkpoints = Checkpoints(lake)
    states = {row["checkpoint"]: row["state"] for row in checkpoints.states().iter_rows(named=True)}
    usable = {name for name, state in states.items() if state != "tainted"}
    for key in sorted(set(edges) & set(videos)):
        if not usable:
            return
        for artifact in came_from(lake, key):
            if ASSETS[artifact.asset].is_checkpoint and artifact.version in usable:
                why = f"{_why(videos[key])}{states[artifact.version]}"
                checkpoints.change(artifact.version, "tainted", why)
                usable.remove(artifact.version)


def extend(lake: Lake, name: str, videos: frozenset[str], names: frozenset[str]) -> Request:
    """Block the further videos, and keys of names, that a request's addresses turn out to mean."""
    add_videos(lake, name, videos | names)
    body = {"videos": lake.block_keys(videos), "names": lake.block_keys(names)}
    found = advance(lake, name, "extended", body)
    taint(lake, dict.fromkeys(videos, name))
    return found


def lift(lake: Lake, settings: Settings, name: str) -> Request:
    """End a request: its videos may be read and written again, and what was deleted is made again by the next run."""
    return _end(lake, settings, advance(lake, name, "lifted"))


def refuse(lake: Lake, settings: Settings, name: str) -> Request:
    """End a request whose videos are not the requester's."""
    return _end(lake, settings, advance(lake, name, "refused"))


def lapse(lake: Lake, settings: Settings, name: str) -> Request:
    """End a request that nobody verified in time."""
    return _end(lake, settings, advance(lake, name, "lapsed"))


def _end(lake: Lake, settings: Settings, ended: Request) -> Request:
    """Give back what it held: what was made without its videos is stale, checkpoints are as they were before.

    A checkpoint that another request taints stays tainted.
    """
    free = {*ended.block_keys, *ended.names} - lake.ledger.blocked()
    since = datetime.fromisoformat(ended.entries[0].at)
    holds = {
        f"{TABLES[h.table].asset}/{h.partition}"
        for t in video_tables()
        for h in row_locations(lake, ended.video_keys, t)
    }
    for (asset, partition), record in State(lake, settings).records.items():
        made_without = record.at > since and holds & set(record.components)
        if made_without or set(record.withheld) & free:
            lake.drop("materialisations", scope(asset, partition))
    checkpoints = Checkpoints(lake)
    for row in checkpoints.states().iter_rows(named=True):
        destroyed = ended.last("erased") and not lake.fs.exists(f"{lake.root}/checkpoints/{row['checkpoint']}")
        if row["why"].startswith(_why(ended.id)) and not destroyed:
            was = row["why"].removeprefix(_why(ended.id))
            back = was == "retired" or (was == "promoted" and checkpoints.promoted(row["asset"]) is None)
            checkpoints.change(row["checkpoint"], was if back else "candidate", f"request {ended.id} is {ended.state}")
    taint(lake, {key: r.id for r in requests(lake) if r.is_live for key in r.video_keys})
    forget(lake, ended.id)
    return ended


def _why(request: str) -> str:
    """Why a checkpoint is tainted, up to what it was before."""
    return f"saw a video under request {request}; was "
