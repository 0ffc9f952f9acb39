"""The nightly schedules: look for videos at one, relabel what that or a new IDM has made stale at three.

What is stale is decided from the lake's roots, as `nitro status` does. Nothing else is run.
"""

from collections.abc import Iterator

import dagster as dg

from nitro_assets.defs.freshen import range_tags, stale_ranges
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.graph import ASSETS
from nitro_assets.lineage.state import State, digest
from nitro_assets.settings import Settings


@dg.schedule(cron_schedule="0 1 * * *", target=["video_index"])
def index_nightly() -> dg.RunRequest:
    """List the sources again and check that the known videos are alive."""
    settings = Settings()
    shards = State(Lake(settings), settings).partitions(ASSETS["video_index"])
    return dg.RunRequest(tags=range_tags([*shards]))


@dg.schedule(cron_schedule="0 3 * * *", target=["pseudo_labels", "label_segments"])
def relabel_nightly() -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Relabel the stale shards; one run a stretch of neighbouring shards, never the same work twice."""
    settings = Settings()
    state = State(Lake(settings), settings)
    ranges = stale_ranges(state, ASSETS["pseudo_labels"])
    if not ranges:
        yield dg.SkipReason("no shard is stale")
    for shards in ranges:
        work = [state.components(ASSETS["pseudo_labels"], shard) for shard in shards]
        yield dg.RunRequest(run_key=digest(work), tags=range_tags(shards))
