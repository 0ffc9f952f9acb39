"""The steps of an erasure: two of the takedown's own, which need the request and the lineage, then those of each store.

Every step may be repeated. What each store's steps close, and that nothing else does, is shown by
tests/assets/takedown/erase/test_takedown_leaks.py, which leaves them out one by one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import polars as pl

from nitro_assets.assets import ASSETS
from nitro_assets.identity import names_by
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State, index_version, version_of
from nitro_assets.recording import path_text
from nitro_assets.settings import Settings
from nitro_assets.stores import stores
from nitro_assets.stores.common.others import others
from nitro_assets.stores.common.store import Counts, Subject
from nitro_assets.takedown.encrypted_record import add_needles, read_record
from nitro_assets.takedown.plan.plan import Plan, subject_of
from nitro_assets.takedown.requests import Request


@dataclass(frozen=True)
class Erasure:
    """One request's erasure by one plan. `instance` is Dagster's, where there is one."""

    lake: Lake
    settings: Settings
    request: Request
    plan: Plan
    instance: Any = field(default=None, repr=False)

    @cached_property
    def subject(self) -> Subject:
        """What the stores are told, once the takedown's own steps are done."""
        plan, record = self.plan, read_record(self.lake, self.request.id)
        shown = {a.asset for a in plan.artifacts if ASSETS[a.asset].is_checkpoint} | {"policy_evaluation"}
        records = State(self.lake, self.settings).records if self.instance is not None else {}
        return replace(
            subject_of(self.lake, self.settings, self.request, plan.artifacts),
            models=frozenset((a.asset, a.partition) for a in plan.artifacts if a.asset in shown),
            holdings=plan.holdings,
            shards=plan.nitrogen,
            texts=frozenset({*record.video_keys, *record.addresses, *record.needles}),
            versions={artifact: made.version for artifact, made in records.items()},
            instance=self.instance,
        )


def identify(job: Erasure) -> Counts:
    """Keep what the index knows the videos by, sealed, for the later steps and the scan; it is about to be erased."""
    record, keys = read_record(job.lake, job.request.id), job.request.video_keys
    titles = _mine(job, "video_index", "title")
    # A title that a re-upload has too, or that is a game's name, identifies nothing.
    shared = others(job.lake, keys, titles) | _mine(job, "video_index", "game")
    found = {title for title in titles if not any(title in other for other in shared)}
    found |= _mine(job, "video_index", "address") | _mine(job, "nitrogen_videos", "address")
    found |= {path for address in found if (path := path_text(address))}
    known = {*found, *record.video_keys, *record.addresses, *record.needles}
    names = [name for text in known if "://" in text for name in names_by(text) if not name.startswith("page:")]
    found |= {video_id for name in names if (video_id := name.split(":", 1)[1])}
    add_needles(job.lake, job.request.id, found)
    return {"identifiers": len(found)}


def _mine(job: Erasure, table: str, column: str) -> set[str]:
    rows = job.lake.stored(table).filter(pl.col("video_key").is_in(list(job.request.video_keys))).select(column)
    return set(rows.collect()[column].drop_nulls())


def withhold(job: Erasure) -> Counts:
    """Give the partitions that lose rows a new version, so that all that read them is stale."""
    state = State(job.lake, job.settings)
    touched = {(TABLES[held.table].asset, held.partition) for held in job.plan.holdings}
    for asset, partition in sorted(touched & set(state.records)):
        old = state.records[asset, partition]
        withheld = tuple(sorted({*old.withheld, *job.request.block_keys}))
        version = version_of(old.root, withheld)
        if asset == "video_index":
            version = index_version(job.lake, partition)
        state.record(replace(old, version=version, withheld=withheld))
    return {"artifacts": len(touched)}


OWN: tuple[Callable[[Erasure], Counts], ...] = (identify, withhold)


def step_names(in_dagster: bool = True) -> list[str]:
    """Every step in order, by the name under which the journal keeps it; on wish without those in Dagster's records."""
    mine = [store for store in stores().values() if in_dagster or not store.in_dagster]
    return [step.__name__ for step in (*OWN, *(step for store in mine for step in store.erase))]
