"""The audit, within Dagster's own step: the scan of every place."""

import dagster as dg

from nitro_assets.lake.store import Lake
from nitro_assets.runtime.record_run import record
from nitro_assets.settings import Settings
from nitro_assets.takedown.scan import audit as auditing


def make(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Scan, and tell what was found."""
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
