"""Takedown in Dagster: the ledger's view, and the audit."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from nitro_assets.defs.worker_asset import OWNERS
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.graph import ASSETS, NO_PARTITION
from nitro_assets.lineage.state import Record, State, digest
from nitro_assets.settings import Settings
from nitro_assets.takedown import audit as auditing
from nitro_assets.takedown import requests as takedown
from nitro_assets.takedown.erase import erase


def _record(lake: Lake, settings: Settings, name: str, rows: int) -> dg.DataVersion:
    state = State(lake, settings)
    components = state.components(ASSETS[name], NO_PARTITION)
    root = digest(components)
    state.record(Record(name, NO_PARTITION, root, components, root, rows, at=datetime.now(UTC)))
    return dg.DataVersion(root)


@dg.asset(
    group_name="takedown",
    kinds={"deltalake"},
    owners=OWNERS,
    code_version=ASSETS["takedown_requests"].code,
    check_specs=[dg.AssetCheckSpec("all_carried_out", asset="takedown_requests", description="No request is pending.")],
)
def takedown_requests(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The ledger of takedown requests; making it deletes what they name from the live tables.

    What: every request with its state, by request id and video key only. A request quarantines at once; this asset
    carries out the deletion, after which all that came from the video is stale or tainted, and is made again. What it
    touched is told to Dagster: partitions with a new data version, checkpoints with a failed check `inputs_are_clean`.
    """
    settings = Settings()
    lake = Lake(settings)
    for request in takedown.requests(lake):
        if request.state == "quarantined":
            removed = erase(lake, settings, request)
            _tell(context.instance, State(lake, settings), request, removed)
    all_requests = takedown.requests(lake)
    pending = sum(r.state == "quarantined" for r in all_requests)
    lines = [f"| {r.id} | {r.state} | {r.asked_at} | {r.changed_at} |" for r in all_requests]
    listing = "\n".join(["| request | state | asked | changed |", "|---|---|---|---|", *lines])
    return dg.MaterializeResult(
        data_version=_record(lake, settings, "takedown_requests", len(all_requests)),
        metadata={"requests": dg.MetadataValue.md(listing), "dagster/row_count": len(all_requests)},
        check_results=[
            dg.AssetCheckResult(check_name="all_carried_out", passed=pending == 0, metadata={"pending": pending})
        ],
    )


def _tell(
    instance: dg.DagsterInstance, state: State, request: takedown.Request, removed: dict[tuple[str, str], int]
) -> None:
    """Events without a run, so that the UI shows what the request touched."""
    rows: dict[tuple[str, str], int] = {}
    for (table, partition), count in removed.items():
        touched = (TABLES[table].asset, partition)
        rows[touched] = rows.get(touched, 0) + count
    for (asset, partition), count in rows.items():
        if record := state.records.get((asset, partition)):
            tags = {DATA_VERSION_TAG: record.version}
            metadata: dict[str, Any] = {"takedown request": request.id, "rows removed": count}
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
    check_specs=[dg.AssetCheckSpec("nothing_left", asset="takedown_audit", description="No trace in the live lake.")],
)
def takedown_audit() -> dg.MaterializeResult:
    """Is anything left? Live tables, clip cache and checkpoints, searched for every blocked video."""
    settings = Settings()
    lake = Lake(settings)
    findings = auditing.audit(lake, settings)
    listing = "\n".join(f"- {f.where}: {f.found}" for f in findings) or "Nothing was found."
    return dg.MaterializeResult(
        data_version=_record(lake, settings, "takedown_audit", len(findings)),
        metadata={"findings": dg.MetadataValue.md(listing), "blocked videos": len(lake.blocklist())},
        check_results=[dg.AssetCheckResult(check_name="nothing_left", passed=not findings)],
    )
