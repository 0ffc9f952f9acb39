"""One way to make an asset: its worker, run by the engine.

The module's docstring is the catalogue entry. Partitions, inputs and code version come from the asset graph, so that
Dagster, `nitro status` and the workers cannot disagree.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from nitro_assets.defs.engine import Engine
from nitro_assets.defs.partitions import PARTITIONS
from nitro_assets.defs.plainly import failure, plainly
from nitro_assets.lineage.graph import ASSETS, Asset, Reads
from nitro_assets.lineage.state import digest

for kind in (dg.BetaWarning, dg.PreviewWarning):  # backfill_policy, Pipes: known, and told once an asset or a run
    warnings.filterwarnings("ignore", category=kind)

OWNERS = ["team:nitro"]
CLEAN = {"inputs_are_clean": "No video under a takedown request is among the training data."}


def worker_asset(
    doc: str | None, name: str, *, kinds: set[str], group: str, checks: Mapping[str, str]
) -> dg.AssetsDefinition:
    """The asset `name` of the graph, made by `python -m nitro_assets.workers.NAME`.

    checks: name and description of every check the worker reports; one that it doesn't report fails the run, since
    Dagster would let a missing result pass.
    """
    asset = ASSETS[name]
    checks = {**checks, **(CLEAN if asset.is_checkpoint else {})}

    @dg.asset(
        name=name,
        description=doc,
        group_name=group,
        kinds=kinds,
        owners=OWNERS,
        code_version=asset.code,
        partitions_def=PARTITIONS[asset.partitions],
        deps=[_dep(asset, reads) for reads in asset.reads],
        check_specs=[dg.AssetCheckSpec(check, asset=name, description=text) for check, text in checks.items()],
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=name,
    )
    @plainly
    def materialise(context: dg.AssetExecutionContext, engine: dg.ResourceParam[Engine]) -> dg.MaterializeResult:
        messages = engine.run(context.op_execution_context, name, list(context.partition_keys))
        return _result(context, name, messages, set(checks))

    return materialise


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
        columns = [dg.TableColumn(c["name"], c["type"]) for c in raw["columns"]]
        return dg.MetadataValue.table_schema(dg.TableSchema(columns=columns))
    if isinstance(raw, dict) and set(raw) == {"raw_value", "type"}:
        return dg.MetadataValue.md(raw["raw_value"])
    return raw
