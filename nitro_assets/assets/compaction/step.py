"""Compaction, within Dagster's own step: the asset's page says what files the tables have."""

from dataclasses import asdict

import dagster as dg

from nitro_assets.lake import compaction as compacting
from nitro_assets.lake.compaction import Compacted
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.record_run import record
from nitro_assets.settings import Settings
from nitro_ml.evaluation.markdown import markdown_table


def make(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Merge each table's small files."""
    settings = Settings()
    lake = Lake(settings)
    done = []
    for name in TABLES:
        done.append(compacting.compact(lake, name))
        context.log.info(f"{name}: {done[-1].files_before} files are {done[-1].files}")
    files, busy = sum(d.files for d in done), sum(d.busy for d in done)
    return dg.MaterializeResult(
        data_version=record(lake, settings, "compaction", files),
        metadata={
            "tables": dg.MetadataValue.md(_listing(done)),
            "files": files,
            "bytes": sum(d.bytes for d in done),
            "removed files": sum(d.removed for d in done),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="nothing_crowded",
                passed=not busy,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"partitions left for another time": busy},
            )
        ],
    )


def _listing(done: list[Compacted]) -> str:
    rows = [asdict(d) for d in done]
    return markdown_table([{k.replace("_", " "): v for k, v in row.items() if k != "bytes_before"} for row in rows])
