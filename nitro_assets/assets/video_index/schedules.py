"""The nightly look for videos, before the relabelling."""

import dagster as dg


@dg.schedule(cron_schedule="0 1 * * *", target=["video_index"])
def index_nightly() -> dg.RunRequest:
    """List the sources again and check that the known videos are alive."""
    from nitro_assets.assets.video_index.ticks import index

    return index()
