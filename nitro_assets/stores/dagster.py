"""Dagster's records of the videos: runs, events, logs, cursors, ticks, partitions, the rest of its databases.

Dagster takes a second to load, so what knows it (`common/dagster_records.py`) is imported where there is an instance.
"""

import os
from typing import Any

from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Store, Subject, Target, nothing


def _records(subject: Subject) -> Any:
    from nitro_assets.stores.common.dagster_records import DagsterRecords

    return DagsterRecords(subject.instance, subject.text_match, subject.lake.root)


def delete_runs(subject: Subject) -> Counts:
    return {"runs": _records(subject).delete_runs(subject.models)}


def clear_cursors(subject: Subject) -> Counts:
    return {"sensors": _records(subject).clear_cursors()}


def purge_ticks(subject: Subject) -> Counts:
    return {"ticks": _records(subject).purge_ticks()}


def delete_partitions(subject: Subject) -> Counts:
    return {"partitions": _records(subject).delete_partitions()}


def wipe_assets(subject: Subject) -> Counts:
    return {"assets": _records(subject).wipe_assets(subject.models, subject.versions)}


def remove_logs(subject: Subject) -> Counts:
    return {"files": _records(subject).remove_logs()}


def sweep_databases(subject: Subject) -> Counts:
    return {"rows": _records(subject).sweep_databases()}


def compact_databases(subject: Subject) -> Counts:
    _records(subject).compact_databases()
    return {}


def scan(settings: Settings, instance: Any) -> list[Target]:
    """Dagster's home, with its SQLite files; and the servers it keeps its records in, if they aren't files."""
    home = os.environ.get("DAGSTER_HOME")
    found = [Target(os.path.abspath(home), "Dagster's records")] if home else []
    if instance is None:
        return found
    from nitro_assets.stores.common.dagster_records import servers

    return found + [Target(url, "database server", is_database=True) for url in servers(instance)]


STORE = Store(
    turn=110,
    find=nothing,
    erase=(
        delete_runs,
        clear_cursors,
        purge_ticks,
        delete_partitions,
        wipe_assets,
        remove_logs,
        sweep_databases,
        compact_databases,
    ),
    scan=scan,
    in_dagster=True,
)
