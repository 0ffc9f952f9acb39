"""The steps of an erasure, each closing one kind of leak; see `STEPS` for their order.

Every step may be repeated. What each one closes, and that nothing else does, is shown by
tests/assets/test_takedown_leaks.py, which leaves them out one by one.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from nitro_assets.assets import ASSETS
from nitro_assets.identity import names_by
from nitro_assets.recording import path_text
from nitro_assets.lake import staging, training
from nitro_assets.lake.cache import ClipCache
from nitro_assets.lake.files import writer
from nitro_assets.lake.holding import predicate, video_tables
from nitro_assets.lake.purge import Purge, purge_versions
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State, index_version, version_of
from nitro_assets.settings import Settings
from nitro_assets.takedown.files import erase_mentioning, erase_nitrogen, nitrogen_places
from nitro_assets.takedown.others import others
from nitro_assets.takedown.plan.plan import Plan
from nitro_assets.takedown.requests import Request
from nitro_assets.takedown.sealed import add_needles, unseal
from nitro_assets.takedown.text_match import Mentions

Counts = dict[str, int]
EDGES = "lineage_edges"


@dataclass(frozen=True)
class Erasure:
    """One request's erasure by one plan. `instance` is Dagster's, where there is one."""

    lake: Lake
    settings: Settings
    request: Request
    plan: Plan
    instance: Any = field(default=None, repr=False)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return self.request.video_keys

    def texts(self) -> set[str]:
        """All that identifies the videos and the models to be destroyed."""
        sealed = unseal(self.lake, self.request.id)
        return {*sealed.video_keys, *sealed.addresses, *sealed.needles}

    @cached_property
    def mentions(self) -> Mentions:
        texts = self.texts()
        return Mentions({*texts, *self.plan.checkpoints}, others(self.lake, self.keys, texts))

    @cached_property
    def tables(self) -> dict[str, Purge]:
        """The tables that can hold the videos, live or in their history."""
        names = [*(table.name for table in video_tables()), EDGES]
        return {name: purge for name in names if (purge := self.lake.purge(name)).exists}

    @property
    def models(self) -> set[tuple[str, str]]:
        """(asset, partition) of what the videos were trained into."""
        made = {a.asset for a in self.plan.artifacts if ASSETS[a.asset].is_checkpoint} | {"policy_evaluation"}
        return {(a.asset, a.partition) for a in self.plan.artifacts if a.asset in made}

    def databases(self) -> list[str]:
        """Addresses of the database servers that Dagster keeps its records in; none for SQLite, whose files it is."""
        return [] if self.instance is None else self.records.servers()

    @cached_property
    def records(self) -> Any:
        from nitro_assets.takedown.erase.dagster_records import DagsterRecords  # Dagster takes a second to load

        return DagsterRecords(self.instance, self.mentions, self.lake.root)


def identify(job: Erasure) -> Counts:
    """Keep what the index knows the videos by, sealed, for the later steps and the scan; it is about to be erased."""
    titles = _mine(job, "video_index", "title")
    # A title that a re-upload has too, or that is a game's name, identifies nothing.
    shared = others(job.lake, job.keys, titles) | _mine(job, "video_index", "game")
    found = {title for title in titles if not any(title in other for other in shared)}
    found |= _mine(job, "video_index", "address") | _mine(job, "nitrogen_videos", "address")
    found |= {path for address in found if (path := path_text(address))}
    addresses = [text for text in {*found, *job.texts()} if "://" in text]
    names = [name for address in addresses for name in names_by(address) if not name.startswith("page:")]
    found |= {video_id for name in names if (video_id := name.split(":", 1)[1])}
    add_needles(job.lake, job.request.id, found)
    return {"identifiers": len(found)}


def _mine(job: Erasure, table: str, column: str) -> set[str]:
    rows = job.lake.stored(table).filter(pl.col("video_key").is_in(list(job.keys))).select(column)
    return set(rows.collect()[column].drop_nulls())


def destroy_checkpoints(job: Erasure) -> Counts:
    """The bytes of every model that saw the videos, and copies of them on this machine."""
    count, local = 0, Path(tempfile.gettempdir()) / "nitro-checkpoints"
    for name in job.plan.checkpoints:
        path = f"{job.lake.root}/checkpoints/{name}"
        if job.lake.fs.exists(path):
            job.lake.fs.rm(path, recursive=True)
            count += 1
        shutil.rmtree(local / name, ignore_errors=True)
    return {"checkpoints": count}


def erase_clips(job: Erasure) -> Counts:
    """Clips in the cache."""
    return {"clips": sum(ClipCache(job.settings.cache).erase(key) for key in job.keys)}


def erase_staged(job: Erasure) -> Counts:
    """Label files of shards that are not finished."""
    return {"files": staging.erase(job.lake, job.keys)}


def erase_temporary(job: Erasure) -> Counts:
    """Downloads and clips that a killed worker left in the machine's temporary folder, under the videos' keys."""
    count, keys, length = 0, set(job.keys), len(job.keys[0]) if job.keys else 0
    for folder in Path(tempfile.gettempdir()).glob("nitro-*"):
        for path in [p for p in folder.rglob("*") if p.name[:length] in keys]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)  # its folder may have gone with it
            count += 1
    return {"paths": count}


def destroy_half_trained(job: Erasure) -> Counts:
    """States of trainings, stopped half way on this machine, that saw the videos or what a tainted model made."""
    made = [(a.asset, a.partition, a.version) for a in job.plan.artifacts]
    return {"states": training.erase(job.settings, job.keys, made)}


def erase_shards(job: Erasure) -> Counts:
    """Folders and archive members of NitroGen's shards on this machine."""
    places = nitrogen_places(job.lake, job.settings, job.keys, job.plan.nitrogen)
    return {"places": sum(erase_nitrogen(place) for place in places)}


def erase_exports(job: Erasure) -> Counts:
    """Exports, reports and pictures that mention the videos or a model that saw them."""
    return {"files": erase_mentioning(job.settings.exports, job.mentions)}


def erase_asked(job: Erasure) -> Counts:
    """Request files in the inbox, and their answers."""
    return {"files": erase_mentioning(job.settings.inbox, job.mentions)}


def _each(job: Erasure, work: Callable[[Purge], object]) -> list[Any]:
    """The work done to every table; they are independent, and mostly wait for the disk or the network."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(work, job.tables.values()))


def shorten_retention(job: Erasure) -> Counts:
    _each(job, Purge.shorten_retention)
    return {"tables": len(job.tables)}


def delete_rows(job: Erasure) -> Counts:
    """Rewrite the files that hold the videos' rows, and no others."""
    places: dict[str, list[str]] = {}
    for held in job.plan.holdings:
        places.setdefault(held.table, []).append(held.partition)

    def delete(name: str) -> int:
        return job.tables[name].delete_rows(predicate(TABLES[name], places[name], job.keys), writer(TABLES[name]))

    with ThreadPoolExecutor(4) as pool:
        return {"rows": sum(pool.map(delete, places))}


def rename_edges(job: Erasure) -> Counts:
    """Edges stay, to tell what came from the videos; they know them by their block keys from now on."""
    if EDGES not in job.tables:
        return {"edges": 0}
    mine = pl.col("video_key").is_in(list(job.keys))
    scopes = job.lake.stored(EDGES).filter(mine).select("scope").unique().collect()["scope"].to_list()
    if not scopes:
        return {"edges": 0}
    new = {key: job.lake.block_keys([key])[0] for key in job.keys}
    return {"edges": job.tables[EDGES].rename("video_key", new, scopes, writer(TABLES[EDGES]))}


def withhold(job: Erasure) -> Counts:
    """Give the partitions that lost rows a new version, so that all that read them is stale."""
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


def vacuum(job: Erasure) -> Counts:
    return {"files": sum(_each(job, Purge.vacuum))}


def harmless_commit(job: Erasure) -> Counts:
    _each(job, Purge.harmless_commit)
    return {}


def checkpoint(job: Erasure) -> Counts:
    _each(job, Purge.checkpoint)
    return {}


def clean_log(job: Erasure) -> Counts:
    _each(job, Purge.clean_log)
    return {}


def unlink_leftovers(job: Erasure) -> Counts:
    return {"files": sum(_each(job, Purge.unlink_leftovers))}


def remove_empty_folders(job: Erasure) -> Counts:
    return {"folders": sum(_each(job, Purge.remove_empty_folders))}


def restore_retention(job: Erasure) -> Counts:
    _each(job, Purge.restore_retention)
    return {}


def delete_runs(job: Erasure) -> Counts:
    return {"runs": job.records.delete_runs(job.models)}


def clear_cursors(job: Erasure) -> Counts:
    return {"sensors": job.records.clear_cursors()}


def purge_ticks(job: Erasure) -> Counts:
    return {"ticks": job.records.purge_ticks()}


def delete_partitions(job: Erasure) -> Counts:
    return {"partitions": job.records.delete_partitions()}


def wipe_assets(job: Erasure) -> Counts:
    records = State(job.lake, job.settings).records
    return {"assets": job.records.wipe_assets(job.models, {key: r.version for key, r in records.items()})}


def remove_logs(job: Erasure) -> Counts:
    return {"files": job.records.remove_logs()}


def sweep_databases(job: Erasure) -> Counts:
    return {"rows": job.records.sweep_databases()}


def compact_databases(job: Erasure) -> Counts:
    job.records.compact_databases()
    return {}


def purge_object_versions(job: Erasure) -> Counts:
    """What a versioned bucket keeps of all that was removed."""
    parts = ("tables", "checkpoints", "staging", "requests")
    return {"versions": sum(purge_versions(job.lake.fs, f"{job.lake.root}/{part}") for part in parts)}


Step = Callable[[Erasure], Counts]
FILES: tuple[Step, ...] = (
    identify,
    destroy_checkpoints,
    erase_clips,
    erase_staged,
    erase_temporary,
    destroy_half_trained,
    erase_shards,
    erase_exports,
    erase_asked,
)
IN_TABLES: tuple[Step, ...] = (
    shorten_retention,
    delete_rows,
    rename_edges,
    withhold,
    vacuum,
    harmless_commit,
    checkpoint,
    clean_log,
    unlink_leftovers,
    remove_empty_folders,
    restore_retention,
)
IN_DAGSTER: tuple[Step, ...] = (
    delete_runs,
    clear_cursors,
    purge_ticks,
    delete_partitions,
    wipe_assets,
    remove_logs,
    sweep_databases,
    compact_databases,
)
STEPS: tuple[Step, ...] = (*FILES, *IN_TABLES, *IN_DAGSTER, purge_object_versions)


def steps(job: Erasure) -> Iterator[tuple[int, Step]]:
    """The steps with their numbers; without Dagster there is nothing of its to erase."""
    for number, step in enumerate(STEPS, 1):
        if job.instance is not None or step not in IN_DAGSTER:
            yield number, step
