"""Takedown in Dagster: the ledger's view, and the audit."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from nitro_assets.defs.plainly import plainly
from nitro_assets.defs.records import record
from nitro_assets.defs.worker_asset import OWNERS
from nitro_assets.lake.holding import Holding
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.graph import ASSETS
from nitro_assets.lineage.state import State
from nitro_assets.settings import Settings
from nitro_assets.takedown import audit as auditing
from nitro_assets.takedown import life
from nitro_assets.takedown import requests as takedown
from nitro_assets.takedown.dagster_records import DagsterRecords
from nitro_assets.takedown.mentions import Mentions
from nitro_assets.takedown.naming import count_held
from nitro_assets.takedown.traces import as_rows
from nitro_ml.evaluation.markdown import markdown_table

EVERY_SECONDS = 15.0


@dg.asset(
    group_name="takedown",
    kinds={"deltalake"},
    owners=OWNERS,
    code_version=ASSETS["takedown_requests"].code,
    check_specs=[dg.AssetCheckSpec("all_carried_out", asset="takedown_requests", description="No request is pending.")],
)
@plainly
def takedown_requests(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Every takedown request and its state; making it takes each one as far as it goes without a person.

    What: the ledger's view, by request id only. What is verified is planned, what is approved is erased and scanned,
    what is rebuilt is reported. What a takedown touched is told to Dagster: partitions with a new data version,
    checkpoints with a failed check `inputs_are_clean`.
    """
    settings = Settings()
    lake = Lake(settings)
    before = {r.id: r.state for r in takedown.requests(lake)}
    trouble = life.carry_on(lake, settings, context.instance, _logged(context))
    all_requests = takedown.requests(lake)
    for name, why in trouble:
        context.log.error(f"request {name}: {why}")
    for request in all_requests:
        if before.get(request.id) in ("approved", "erasing") and request.state not in takedown.OPEN:
            _tell(context.instance, State(lake, settings), request, life.standing_plan(lake, request).holdings)
    pending = sum(r.state in takedown.OPEN or r.state == "unclean" for r in all_requests)
    found = [row for r in all_requests for row in as_rows(life.found_in(lake, settings, r))]
    return dg.MaterializeResult(
        data_version=record(lake, settings, "takedown_requests", len(all_requests)),
        metadata={
            "requests": dg.MetadataValue.md(markdown_table(_listed(lake, all_requests)) if all_requests else "none"),
            "found by scans": dg.MetadataValue.md(markdown_table(found) if found else "nothing"),
            "trouble": dg.MetadataValue.md("\n".join(f"- {why}" for _, why in trouble) or "none"),
            "dagster/row_count": len(all_requests),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="all_carried_out",
                passed=not pending and not trouble,
                severity=dg.AssetCheckSeverity.ERROR if trouble else dg.AssetCheckSeverity.WARN,
                metadata={"pending": pending, "in trouble": len(trouble)},
            )
        ],
    )


def _listed(lake: Lake, found: Sequence[takedown.Request]) -> list[dict[str, Any]]:
    """Every request, for whoever runs the lake: how many of its videos are held is told to nobody else."""
    held = count_held(lake, found)
    return [
        {
            "request": r.id,
            "state": r.state,
            "videos": len(r.block_keys),
            "held here": "-" if held[r.id] is None else held[r.id],
            "asked": r.asked_at,
            "changed": r.changed_at,
        }
        for r in found
    ]


def _logged(context: dg.AssetExecutionContext) -> Callable[[float, str], None]:
    """How far an erasure is, into the run's log, now and then."""
    last = 0.0

    def tell(fraction: float, message: str) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_SECONDS:
            last = time.monotonic()
            context.log.info(f"{fraction:.0%}, {message}")

    return tell


def _tell(instance: dg.DagsterInstance, state: State, request: takedown.Request, holdings: tuple[Holding, ...]) -> None:
    """Events without a run, so that the UI shows what the request touched."""
    rows: dict[tuple[str, str], int] = {}
    for held in holdings:
        touched = (TABLES[held.table].asset, held.partition)
        rows[touched] = rows.get(touched, 0) + held.rows
    for (asset, partition), count in rows.items():
        if record := state.records.get((asset, partition)):
            tags = {DATA_VERSION_TAG: record.version}
            metadata: dict[str, Any] = {
                "takedown request": request.id,
                "takedown state": request.state,
                "rows removed": count,
            }
            event = dg.AssetMaterialization(asset, partition=partition, metadata=metadata, tags=tags)
            instance.report_runless_asset_event(event)
    for name, row in state.checkpoints.items():
        if row["state"] == "tainted":
            found = {"checkpoint": name, "partition": row["partition"], "why": row["why"]}
            key = dg.AssetKey(row["asset"])
            check = dg.AssetCheckEvaluation(
                asset_key=key,
                check_name="inputs_are_clean",
                passed=False,
                metadata={k: dg.MetadataValue.text(v) for k, v in found.items()},
            )
            instance.report_runless_asset_event(check)


@dg.asset(
    group_name="takedown",
    kinds={"deltalake"},
    owners=OWNERS,
    code_version=ASSETS["takedown_audit"].code,
    deps=["takedown_requests"],
    check_specs=[dg.AssetCheckSpec("nothing_left", asset="takedown_audit", description="No trace anywhere.")],
)
@plainly
def takedown_audit(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Is anything left? Every place nitro writes to, Dagster's databases included, searched for every erased video."""
    settings = Settings()
    lake = Lake(settings)
    findings = auditing.audit(lake, settings, DagsterRecords(context.instance, Mentions(()), settings.lake).servers())
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
