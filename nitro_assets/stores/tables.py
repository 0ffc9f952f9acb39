"""The Delta tables: rows, files, history, log, edges. While its steps are done, the erasure has the tables to itself.

The order is that of `lake/delta/purge.py`. The scanner reads the whole lake, whatever else is kept there.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import polars as pl

from nitro_assets.lake.delta.parquet_writer import writer
from nitro_assets.lake.delta.purge import Purge
from nitro_assets.lake.delta.table_lock import table_lock
from nitro_assets.lake.row_locations import predicate, row_locations, video_tables
from nitro_assets.lake.schemas import TABLES
from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import EDGES, Counts, Found, Store, Subject, Target


def find(subject: Subject) -> Found:
    found = [h for table in video_tables() for h in row_locations(subject.lake, subject.video_keys, table)]
    return Found(holdings=tuple(found))


@contextmanager
def alone(subject: Subject) -> Iterator[None]:
    """No writer at work in any of the tables."""
    with ExitStack() as stack:
        for table in subject.tables:
            stack.enter_context(table_lock(subject.lake.url, table, alone=True))
        yield


def _each(subject: Subject, work: Callable[[Purge], object]) -> list[Any]:
    """The work done to every table; they are independent, and mostly wait for the disk or the network."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(work, subject.tables.values()))


def shorten_retention(subject: Subject) -> Counts:
    _each(subject, Purge.shorten_retention)
    return {"tables": len(subject.tables)}


def delete_rows(subject: Subject) -> Counts:
    """Rewrite the files that hold the videos' rows, and no others."""
    places: dict[str, list[str]] = {}
    for held_rows in subject.holdings:
        places.setdefault(held_rows.table, []).append(held_rows.partition)

    def delete(name: str) -> int:
        where = predicate(TABLES[name], places[name], subject.video_keys)
        return subject.tables[name].delete_rows(where, writer(TABLES[name]))

    with ThreadPoolExecutor(4) as pool:
        return {"rows": sum(pool.map(delete, places))}


def rename_edges(subject: Subject) -> Counts:
    """Edges stay, to tell what came from the videos; they know them by their block keys from now on."""
    if EDGES not in subject.tables:
        return {"edges": 0}
    mine = pl.col("video_key").is_in(list(subject.video_keys))
    scopes = subject.lake.stored(EDGES).filter(mine).select("scope").unique().collect()["scope"].to_list()
    if not scopes:
        return {"edges": 0}
    new = {key: subject.lake.block_keys([key])[0] for key in subject.video_keys}
    return {"edges": subject.tables[EDGES].rename("video_key", new, scopes, writer(TABLES[EDGES]))}


def vacuum(subject: Subject) -> Counts:
    return {"files": sum(_each(subject, Purge.vacuum))}


def harmless_commit(subject: Subject) -> Counts:
    _each(subject, Purge.harmless_commit)
    return {}


def checkpoint(subject: Subject) -> Counts:
    _each(subject, Purge.checkpoint)
    return {}


def clean_log(subject: Subject) -> Counts:
    _each(subject, Purge.clean_log)
    return {}


def unlink_leftovers(subject: Subject) -> Counts:
    return {"files": sum(_each(subject, Purge.unlink_leftovers))}


def remove_empty_folders(subject: Subject) -> Counts:
    return {"folders": sum(_each(subject, Purge.remove_empty_folders))}


def restore_retention(subject: Subject) -> Counts:
    _each(subject, Purge.restore_retention)
    return {}


def scan(settings: Settings, instance: Any) -> list[Target]:
    return [Target(settings.lake, "lake"), Target(f"{settings.lake}/tables", "table")]


STORE = Store(
    turn=90,
    find=find,
    erase=(
        shorten_retention,
        delete_rows,
        rename_edges,
        vacuum,
        harmless_commit,
        checkpoint,
        clean_log,
        unlink_leftovers,
        remove_empty_folders,
        restore_retention,
    ),
    scan=scan,
    hold=alone,
)
