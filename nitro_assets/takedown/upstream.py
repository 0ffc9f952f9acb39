"""A video that its creator deleted or made private was taken down already, elsewhere; by a setting it counts here too.

The liveness check of the index says so. Such a quarantine does not lapse: a maintainer vouches for it, or lifts it.
"""

import polars as pl

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake import Answer, Ask, take_in

GONE = ("gone", "private")


def quarantine_gone(lake: Lake, settings: Settings) -> list[Answer]:
    """Quarantine every video that the index found gone, in one request; does nothing without NITRO_UPSTREAM=1."""
    if not settings.upstream:
        return []
    gone = lake.read("video_index").filter(pl.col("alive").is_in(GONE)).select("video_key").collect()["video_key"]
    if gone.is_empty():
        return []
    return take_in(lake, settings, [Ask("video", tuple(gone), "gone upstream", origin="upstream")])
