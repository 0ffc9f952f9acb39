"""The tables' files are merged every night."""

import dagster as dg


@dg.schedule(cron_schedule="0 0 * * *", target=["compaction"], default_status=dg.DefaultScheduleStatus.RUNNING)
def compact_nightly() -> dg.RunRequest:
    """Before the night's other work, which then reads few files."""
    return dg.RunRequest()
