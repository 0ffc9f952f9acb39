"""A video that its creator deleted or made private was taken down already, elsewhere; by a setting it counts here too.

The liveness check of the index says so. Such a quarantine does not lapse: a maintainer vouches for it, or lifts it,
and then it is not made again.
"""

import polars as pl

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.ask import Answer, Ask
from nitro_assets.takedown.intake.take_in import take_in
from nitro_assets.takedown.requests import requests

GONE = ("gone", "private")


def quarantine_gone(lake: Lake, settings: Settings) -> list[Answer]:
    """Quarantine every video that the index found gone, in one request; does nothing without NITRO_UPSTREAM=1."""
    if not settings.upstream:
        return []
    rows = lake.read("video_index").filter(pl.col("alive").is_in(GONE)).select("video_key").collect()
    lifted = {k for r in requests(lake) if r.origin == "upstream" and r.state == "lifted" for k in r.block_keys}
    gone = tuple(key for key in rows["video_key"] if lake.block_keys([key])[0] not in lifted)
    return take_in(lake, settings, [Ask("video", gone, "gone upstream", origin="upstream")]) if gone else []
