"""What the schedule does."""

import dagster as dg

from nitro_assets.assets import ASSETS
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State
from nitro_assets.runtime.update_stale import range_tags
from nitro_assets.settings import Settings


def index() -> dg.RunRequest:
    """All shards of the lake, in one run."""
    settings = Settings()
    shards = State(Lake(settings), settings).partitions(ASSETS["video_index"])
    return dg.RunRequest(tags=range_tags([*shards]))
