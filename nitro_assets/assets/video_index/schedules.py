"""The nightly look for videos, before the relabelling."""

import dagster as dg

from nitro_assets.assets import ASSETS
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State
from nitro_assets.runtime.update_stale import range_tags
from nitro_assets.settings import Settings


@dg.schedule(cron_schedule="0 1 * * *", target=["video_index"])
def index_nightly() -> dg.RunRequest:
    """List the sources again and check that the known videos are alive."""
    settings = Settings()
    shards = State(Lake(settings), settings).partitions(ASSETS["video_index"])
    return dg.RunRequest(tags=range_tags([*shards]))
