"""The nightly relabelling."""

from collections.abc import Iterator

import dagster as dg


@dg.schedule(cron_schedule="0 3 * * *", target=["pseudo_labels", "label_segments"])
def relabel_nightly(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Label what is stale, within the night's hours; one run a stretch of neighbouring shards, never the same twice."""
    from nitro_assets.assets.pseudo_labels.ticks import relabel

    yield from relabel(context)
