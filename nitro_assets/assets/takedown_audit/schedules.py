"""Every night it is looked for what was erased."""

import dagster as dg


@dg.schedule(cron_schedule="0 5 * * *", target=["takedown_audit"], default_status=dg.DefaultScheduleStatus.RUNNING)
def audit_nightly() -> dg.RunRequest:
    """Look again for every erased video, whether or not anything was asked since."""
    return dg.RunRequest()
