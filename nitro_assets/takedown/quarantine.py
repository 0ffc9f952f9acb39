"""Into quarantine and out of it.

From the moment of the ledger entry no reader returns the videos' rows and no writer accepts them (the lake's door sees
to it), and no checkpoint that saw one loads. All of it is reversible.
"""

import re

import polars as pl

from nitro_assets.identity import name_of, video_key
from nitro_assets.lake.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import Artifact, came_from
from nitro_assets.lineage.graph import ASSETS
from nitro_assets.lineage.state import State, scope
from nitro_assets.settings import Settings
from nitro_assets.takedown.requests import Request, TakedownError, advance, find, new_id, requests
from nitro_assets.takedown.sealed import Sealed, seal

KEY = re.compile(r"[0-9a-f]{32}")


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
    if any(lake.block_keys([key])[0] in r.block_keys and r.is_live for r in requests(lake)):
        raise TakedownError(f"video {key} is already under a takedown request; see `nitro takedown status`.")
    name = new_id()
    seal(lake, name, Sealed((key,), (video.strip(),), reason))
    advance(lake, name, "quarantined", {"videos": lake.block_keys([key]), "named": "video", "origin": "command"})
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


def lift(lake: Lake, settings: Settings, name: str) -> Request:
    """End a request: its videos may be read and written again, and what was deleted is made again by the next run."""
    found = advance(lake, name, "lifted")
    release(lake, settings, found)
    return found


def release(lake: Lake, settings: Settings, ended: Request) -> None:
    """Give back what an ended request held: stale where rows were withheld, checkpoints are candidates again."""
    for (asset, partition), record in State(lake, settings).records.items():
        if set(record.withheld) & set(ended.video_keys):
            lake.drop("materialisations", scope(asset, partition))
    checkpoints = Checkpoints(lake)
    why = f"saw a video under request {ended.id}"
    for row in checkpoints.states().filter(pl.col("why") == why).iter_rows(named=True):
        checkpoints.change(row["checkpoint"], "candidate", f"request {ended.id} has ended")
