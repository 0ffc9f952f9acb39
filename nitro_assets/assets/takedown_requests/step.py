"""Takedown, within Dagster's own step: each request goes as far as it can; the asset's page is the ledger's view."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from nitro_assets.lake.row_locations import RowLocation
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State
from nitro_assets.runtime.record_run import record
from nitro_assets.settings import Settings
from nitro_assets.takedown import requests as takedown
from nitro_assets.takedown.intake.targets import count_held
from nitro_assets.takedown.scan.traces import as_rows
from nitro_assets.takedown.workflow import carry_on
from nitro_ml.evaluation.markdown import markdown_table

EVERY_SECONDS = 15.0


def make(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Carry the requests on, and tell of them."""
    settings = Settings()
    lake = Lake(settings)
    before = {r.id: r.state for r in takedown.requests(lake)}
    trouble = carry_on.carry_on(lake, settings, context.instance, _logged(context))
    all_requests = takedown.requests(lake)
    for name, why in trouble:
        context.log.error(f"request {name}: {why}")
    for request in all_requests:
        if before.get(request.id) in ("approved", "erasing") and request.state not in takedown.OPEN:
            _tell(context.instance, State(lake, settings), request, carry_on.standing_plan(lake, request).holdings)
    pending = sum(r.state in takedown.OPEN or r.state == "unclean" for r in all_requests)
    found = [row for r in all_requests for row in as_rows(carry_on.found_in(lake, settings, r))]
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


def _tell(
    instance: dg.DagsterInstance, state: State, request: takedown.Request, holdings: tuple[RowLocation, ...]
) -> None:
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
