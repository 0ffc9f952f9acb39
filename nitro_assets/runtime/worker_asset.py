"""How a declared asset becomes Dagster's: made by its worker, which the launcher starts, or within Dagster's own step.

Catalogue entry, partitions, inputs, checks and code version come from its declaration, so that Dagster, `nitro status`
and the workers cannot disagree.
"""

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from nitro_assets.assets import ASSETS
from nitro_assets.assets.declare import Asset, Reads
from nitro_assets.fingerprint import digest
from nitro_assets.runtime.errors import failure, plainly
from nitro_assets.runtime.launcher import Engine
from nitro_assets.runtime.partitions import PARTITIONS

for kind in (dg.BetaWarning, dg.PreviewWarning):  # backfill_policy, Pipes: known, and told once an asset or a run
    warnings.filterwarnings("ignore", category=kind)

CLEAN = {"inputs_are_clean": "No video under a takedown request is among the training data."}


def worker_asset(asset: Asset) -> dg.AssetsDefinition:
    """Made by `python -m nitro_assets.assets.NAME.worker`.

    A check that the worker doesn't report fails the run, since Dagster would let a missing result pass.
    """

    @dg.asset(**_declared(asset), backfill_policy=dg.BackfillPolicy.single_run())
    @plainly
    def materialise(context: dg.AssetExecutionContext, engine: dg.ResourceParam[Engine]) -> dg.MaterializeResult:
        messages = engine.run(context.op_execution_context, asset.name, list(context.partition_keys))
        return _result(context, asset.name, messages, set(_checks(asset)))

    return materialise


def step_asset(asset: Asset) -> dg.AssetsDefinition:
    """Made by `make` of `nitro_assets.assets.NAME.step`, within Dagster's own step, which is what loads that module."""

    @dg.asset(**_declared(asset))
    @plainly
    def materialise(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        made: dg.MaterializeResult = import_module(asset.step).make(context)
        return made

    return materialise


def _declared(asset: Asset) -> dict[str, Any]:
    """The arguments of `dg.asset` that follow from the declaration."""
    return {
        "name": asset.name,
        "description": asset.doc,
        "group_name": asset.group,
        "kinds": asset.kinds,
        "owners": ["team:nitro"],
        "code_version": asset.code,
        "partitions_def": PARTITIONS[asset.partitions],
        "deps": [_dep(asset, reads) for reads in asset.reads],
        "check_specs": [dg.AssetCheckSpec(c, asset=asset.name, description=t) for c, t in _checks(asset).items()],
        "pool": asset.name,
    }


def _checks(asset: Asset) -> dict[str, str]:
    return {**asset.checks, **(CLEAN if asset.is_checkpoint else {})}


def _dep(asset: Asset, reads: Reads) -> dg.AssetDep:
    same = ASSETS[reads.asset].partitions == asset.partitions and reads.how == "same"
    return dg.AssetDep(
        reads.asset,
        partition_mapping=dg.IdentityPartitionMapping() if same else dg.AllPartitionMapping(),
    )


def _result(
    context: dg.AssetExecutionContext, name: str, messages: Sequence[Any], expected: set[str]
) -> dg.MaterializeResult:
    """One materialisation a partition, each with its own metadata; Dagster keeps one data version a run.

    Where a partition failed, the others are still told to Dagster before the run fails.
    """
    made = {m["partition"]: m for m in messages if "partition" in m}
    metadata = {p: {key: _value(key, raw) for key, raw in m["metadata"].items()} for p, m in made.items()}
    if failed := {p: why for m in messages for p, why in m.get("failed", {}).items()}:
        for p, m in made.items():
            tags = {DATA_VERSION_TAG: m["version"]}
            context.log_event(dg.AssetMaterialization(name, partition=p, metadata=metadata[p], tags=tags))
        raise failure("; ".join(f"{name} {p}: {why}" for p, why in failed.items()))
    checked = [m for m in messages if "check" in m]
    if unreported := expected ^ {m["check"] for m in checked}:
        raise dg.Failure(f"{name}: the checks {sorted(unreported)} are declared or reported, but not both.")
    for p in made:
        context.add_asset_metadata(metadata[p], asset_key=name, partition_key=p)
    versions = {p: m["version"] for p, m in made.items()}
    version = next(iter(versions.values())) if len(versions) == 1 else digest(versions)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=[
            dg.AssetCheckResult(check_name=m["check"], passed=m["passed"], metadata={"found": m["found"]})
            for m in checked
        ],
    )


def _value(key: str, raw: Any) -> Any:
    if key == "dagster/column_schema":
        columns = [dg.TableColumn(c["name"], c["type"], c["description"]) for c in raw["columns"]]
        return dg.MetadataValue.table_schema(dg.TableSchema(columns=columns))
    if isinstance(raw, dict) and set(raw) == {"raw_value", "type"}:
        return dg.MetadataValue.md(raw["raw_value"])
    return raw
