"""Bring everything stale up to date, in order, through Dagster, so that it shows in the UI."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from nitro_assets.assets import ASSETS
from nitro_assets.assets.declare import NO_PARTITION, Asset
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State
from nitro_assets.lineage.status import judge
from nitro_assets.runtime.partitions import add_shards
from nitro_assets.settings import Settings
from nitro_assets.takedown.requests import requests
from nitro_assets.takedown.workflow import carry_on

REQUESTS = ASSETS["takedown_requests"]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
OnEvent = Callable[[str, Sequence[str], str], None]


def range_tags(partitions: Sequence[str]) -> dict[str, str]:
    """Run tags for neighbouring partitions in one run."""
    return {ASSET_PARTITION_RANGE_START_TAG: partitions[0], ASSET_PARTITION_RANGE_END_TAG: partitions[-1]}


def stale_ranges(state: State, asset: Asset) -> list[list[str]]:
    """The partitions to be made, in stretches of neighbours: stale or missing ones whose inputs are there."""
    verdicts = [(p, judge(state, asset, p).verdict in ("stale", "missing")) for p in state.partitions(asset)]
    return [[p for p, _ in run] for stale, run in groupby(verdicts, key=lambda v: v[1]) if stale]


def update_stale(definitions: dg.Definitions, settings: Settings, selected: set[str], on_event: OnEvent) -> int:
    """Make what is stale among the selected assets, inputs first. Gives the number of failed runs.

    on_event(asset, partitions, event) is called with `started`, `done` or the error of each run. Ctrl-C ends the run
    that is under way and raises `KeyboardInterrupt`.
    """
    failed = 0
    with dg.DagsterInstance.get() as instance:
        if "nitrogen_actions" in selected:  # else what is selected needs no look at where they are
            add_shards(instance, settings)
        for asset in _in_turn(settings, selected):
            for partitions in _to_make(settings, asset):
                on_event(asset.name, partitions, "started")
                error = _launch(definitions, instance, asset, partitions)
                on_event(asset.name, partitions, error or "done")
                failed += bool(error)
    return failed


def _in_turn(settings: Settings, selected: set[str]) -> Iterator[Asset]:
    """The selected assets, inputs first; then those of takedowns again, where a report waited for the others."""
    yield from (asset for asset in ASSETS.values() if asset.name in selected)
    if REQUESTS.name in selected and _is_due(settings):
        yield from (asset for asset in ASSETS.values() if asset.name in selected and asset.group == REQUESTS.group)


def _to_make(settings: Settings, asset: Asset) -> list[list[str]]:
    """What is stale of an asset; the requests also where one of them would get any further without a person."""
    stale = stale_ranges(State(Lake(settings), settings), asset)
    return stale or ([[NO_PARTITION]] if asset is REQUESTS and _is_due(settings) else [])


def _is_due(settings: Settings) -> bool:
    lake = Lake(settings)
    return any(carry_on.is_due(lake, settings, request) for request in requests(lake))


def _launch(definitions: dg.Definitions, instance: dg.DagsterInstance, asset: Asset, partitions: list[str]) -> str:
    key = dg.AssetKey(asset.name)
    job = definitions.get_repository_def().get_implicit_job_def_for_assets([key])
    assert job is not None, asset.name
    if partitions == [NO_PARTITION]:
        tags = {}
    elif len(partitions) == 1:
        tags = {"dagster/partition": partitions[0]}
    else:
        tags = range_tags(partitions)
    result = job.execute_in_process(
        instance=instance, asset_selection=[key], tags=tags, run_config=QUIET, raise_on_error=False
    )
    if result.success:
        return ""
    errors = [e.step_failure_data.error for e in result.all_events if e.is_step_failure]
    if any(error and error.cls_name == "DagsterExecutionInterruptedError" for error in errors):
        raise KeyboardInterrupt  # Dagster has ended the run and its worker; nothing else may start
    failures = [_reason(error) for error in errors]
    return f"failed: {'; '.join(failures) or 'before any step'} (run {result.run_id})"


def _reason(error: Any) -> str:
    """The first cause's own words."""
    while error.cause:
        error = error.cause
    return str(error.message).strip()
