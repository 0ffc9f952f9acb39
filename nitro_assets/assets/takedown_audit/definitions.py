"""The audit in Dagster: the scan of every place, by hand or every night."""

import dagster as dg

from nitro_assets.assets.takedown_audit.asset import ASSET
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.record_run import record
from nitro_assets.runtime.worker_asset import step_asset
from nitro_assets.settings import Settings
from nitro_assets.takedown.scan import audit as auditing


@step_asset(ASSET)
def takedown_audit(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    settings = Settings()
    lake = Lake(settings)
    findings = auditing.audit(lake, settings, context.instance)
    for finding in findings:
        context.log.error(str(finding))
    listing = "\n".join(f"- {finding}" for finding in findings) or "Nothing was found."
    return dg.MaterializeResult(
        data_version=record(lake, settings, "takedown_audit", len(findings)),
        metadata={"findings": dg.MetadataValue.md(listing), "blocked videos": len(lake.blocklist())},
        check_results=[dg.AssetCheckResult(check_name="nothing_left", passed=not findings)],
    )


@dg.schedule(cron_schedule="0 5 * * *", target=["takedown_audit"], default_status=dg.DefaultScheduleStatus.RUNNING)
def audit_nightly() -> dg.RunRequest:
    """Look again for every erased video, whether or not anything was asked since."""
    return dg.RunRequest()
