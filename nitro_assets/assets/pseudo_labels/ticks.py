"""What the schedule does: the nightly relabelling of what a new video or a new IDM has made stale.

What is stale is decided from the lake's roots, as `nitro status` does. As much is labelled as fits into
`NITRO_NIGHTLY_HOURS` by the rate that labelling has reached, the most valuable first; the rest is told and waits.
Segments that alone are stale, as after a change of `NITRO_RISK`, are judged again from the labels that are there.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import dagster as dg

from nitro_assets.assets import ASSETS
from nitro_assets.fingerprint import digest
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.backlog import NightPlan, ShardTask, plan
from nitro_assets.lineage.state import State
from nitro_assets.runtime.launcher import LEVEL_TAG
from nitro_assets.runtime.update_stale import range_tags, stale_ranges
from nitro_assets.settings import Settings

SEGMENTS = ASSETS["label_segments"]


def relabel(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Label what is stale, within the night's hours; one run a stretch of neighbouring shards, never the same twice."""
    settings = Settings()
    state = State(Lake(settings), settings)
    night = plan(state, settings.nightly_hours)
    judged = _judged(state, {task.work.shard for task in night.tonight})
    if not night.tonight and not judged:
        yield dg.SkipReason("no shard is stale")
    if night.tonight:
        yield from _labelled(context, state, night)
    for shards in judged:
        work = [state.input_versions(SEGMENTS, shard) for shard in shards]
        yield dg.RunRequest(
            run_key=digest([SEGMENTS.name, shards, work]),
            asset_selection=[dg.AssetKey(SEGMENTS.name)],
            tags=range_tags(shards),
        )


def _labelled(context: dg.ScheduleEvaluationContext, state: State, night: NightPlan) -> Iterator[dg.RunRequest]:
    """A run for each stretch of shards that are labelled; what they lack, and what has to wait, is told."""
    context.log.info(_describe(night, state.settings.nightly_hours))
    context.instance.report_runless_asset_event(
        dg.AssetObservation("pseudo_labels", metadata={"tonight": dg.MetadataValue.md(_table(night))})
    )
    for number, tasks in enumerate(_stretches(night)):
        shards = [task.work.shard for task in tasks]
        work = [[state.input_versions(ASSETS["pseudo_labels"], shard) for shard in shards], tasks[0].level]
        tags = {**range_tags(shards), LEVEL_TAG: tasks[0].level, "dagster/priority": str(-number)}
        yield dg.RunRequest(run_key=digest(work), tags=tags)


def _judged(state: State, labelled: set[str]) -> list[list[str]]:
    """The other shards whose segments are stale, in runs of neighbours."""
    return _neighbours([shard for run in stale_ranges(state, SEGMENTS) for shard in run if shard not in labelled])


def _stretches(night: NightPlan) -> list[list[ShardTask]]:
    """The night's tasks in runs of neighbouring shards at one level, in the order of their most valuable shard."""
    of = {task.work.shard: task for task in night.tonight}
    rank = {shard: place for place, shard in enumerate(of)}
    levels = {task.level for task in night.tonight}
    found = [run for level in levels for run in _neighbours(sorted(s for s, task in of.items() if task.level == level))]
    return [[of[shard] for shard in run] for run in sorted(found, key=lambda run: min(rank[shard] for shard in run))]


def _neighbours(shards: Sequence[str]) -> list[list[str]]:
    """Rising shards in runs of those that follow one another."""
    found = groupby(enumerate(shards), key=lambda item: int(item[1]) - item[0])
    return [[shard for _, shard in run] for _, run in found]


def _describe(night: NightPlan, hours: float) -> str:
    taken = sum(task.seconds for task in night.tonight) / 3600
    left = sum(task.seconds for task in night.later) / 3600
    how = "measured" if night.measured else "assumed, nothing was measured yet"
    return (
        f"{len(night.tonight)} shards tonight, {taken:.1f} of {hours:g} hours at {night.rate:.0f} frames a second "
        f"({how}); {len(night.later)} shards, {left:.1f} hours, wait for another night"
    )


def _table(night: NightPlan) -> str:
    """Every shard that is stale: tonight or later, what it lacks, and how long that takes."""
    lines = ["| shard | when | what | hours |", "|---|---|---|---|"]
    for when, tasks in (("tonight", night.tonight), ("later", night.later)):
        lines += [f"| {t.work.shard} | {when} | {_what(t)} | {t.seconds / 3600:.2f} |" for t in tasks]
    return "\n".join(lines)


def _what(task: ShardTask) -> str:
    return f"{task.work}; new videos only" if task.level == "new" else str(task.work)
