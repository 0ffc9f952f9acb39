"""Dagster's own records of the videos: runs, events, logs, cursors, ticks, partitions, the rest of its databases.

Through Dagster's API where there is one; by SQL where there is none. A run that mentions a video, or that made a
tainted model (its pictures may show it), is deleted whole.
"""

import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.scheduler.instigation import SensorInstigatorData

from nitro_assets.stores.common.text_match import TextMatch

KEPT_COLUMNS = frozenset({"id", "run_id", "timestamp", "create_timestamp", "update_timestamp"})
HAVE_AN_API = frozenset({"runs", "run_tags", "instigators", "jobs", "job_ticks", "dynamic_partitions", "asset_keys"})


class DagsterRecords:
    """The records of one Dagster instance that mention the videos. A lake inside Dagster's home is none of them."""

    def __init__(self, instance: dg.DagsterInstance, text_match: TextMatch, lake: str) -> None:
        self.instance, self.text_match = instance, text_match
        self.home, self._lake = Path(instance.root_directory), Path(lake)
        self._events: Any = instance.event_log_storage

    def delete_runs(self, models: Collection[tuple[str, str]]) -> int:
        """Delete the runs that mention the videos or made one of `models` (asset, partition), with their logs."""
        runs = {run.run_id for run in self.instance.get_runs() if self._mentioned(run)}
        runs |= self._made(models) | self._logged()
        for run_id in runs:
            self.instance.delete_run(run_id)
            self.instance.compute_log_manager.delete_logs(prefix=[run_id])
            if hasattr(self._events, "path_for_shard"):  # one SQLite file a run, which deleting its rows leaves there
                for path in Path(self._events.path_for_shard(run_id)).parent.glob(f"{run_id}.db*"):
                    path.unlink()
        return len(runs)

    def _mentioned(self, run: dg.DagsterRun) -> bool:
        if repr(run) in self.text_match or repr(run.tags) in self.text_match:
            return True
        with self._events.run_connection(run.run_id) as connection:
            if any(row in self.text_match for (row,) in connection.execute(sa.text(_EVENTS), {"run": run.run_id})):
                return True
        return False

    def _logged(self) -> set[str]:
        """Runs, known or not, whose compute logs on this machine mention the videos."""
        storage = Path(self.instance.storage_directory())
        found = [path for path in storage.rglob("*") if path.is_file() and self.text_match.file(path)]
        return {path.relative_to(storage).parts[0] for path in found}

    def _made(self, models: Collection[tuple[str, str]]) -> set[str]:
        found = set()
        for asset, partition in models:
            where = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[partition])
            records = self.instance.fetch_materializations(where, limit=1000).records
            found |= {record.run_id for record in records if record.run_id}
        return found

    def clear_cursors(self) -> int:
        """Sensors whose cursor mentions the videos begin anew."""
        count = 0
        for state in self.instance.all_instigator_state():
            data = state.instigator_data
            if repr(data) in self.text_match and isinstance(data, SensorInstigatorData):
                self.instance.update_instigator_state(state.with_data(data._replace(cursor=None, last_run_key=None)))
                count += 1
        return count

    def purge_ticks(self) -> int:
        """All ticks of a schedule or sensor of which one mentions the videos."""
        count = 0
        for state in self.instance.all_instigator_state():
            ticks = self.instance.get_ticks(state.instigator_origin_id, state.selector_id)
            if any(repr(tick) in self.text_match for tick in ticks):
                self.instance.purge_ticks(state.instigator_origin_id, state.selector_id, time.time() + 1)
                count += len(ticks)
        return count

    def delete_partitions(self) -> int:
        """Dynamic partitions that are named after a video."""
        with self._events.index_connection() as connection:
            rows = connection.execute(sa.text("SELECT partitions_def_name, partition FROM dynamic_partitions"))
            named = [(name, key) for name, key in rows if key in self.text_match or name in self.text_match]
        for name, key in named:
            self.instance.delete_dynamic_partition(name, key)
        return len(named)

    def wipe_assets(self, models: Collection[tuple[str, str]], versions: Mapping[tuple[str, str], str]) -> int:
        """Forget the last materialisations of assets that mention the videos or made tainted models.

        The other partitions of these assets are told to Dagster again, with the versions they have.
        """
        assets = {asset for asset, _ in models}
        for record in self.instance.get_asset_records():
            if repr(record) in self.text_match:
                assets.add(record.asset_entry.asset_key.to_user_string())
        for asset in sorted(assets):
            self.instance.wipe_assets([dg.AssetKey(asset)])
            for (name, partition), version in versions.items():
                if name == asset and (name, partition) not in models:
                    key = None if partition == "-" else partition
                    tags = {DATA_VERSION_TAG: version}
                    self.instance.report_runless_asset_event(dg.AssetMaterialization(name, partition=key, tags=tags))
        return len(assets)

    def sweep_databases(self) -> int:
        """Delete every row that mentions the videos in tables that no API clears: backfills, key values, the rest."""
        count = 0
        for connect in self._connections():
            with connect() as connection:
                for table in set(sa.inspect(connection).get_table_names()) - HAVE_AN_API:
                    count += self._sweep(connection, table)
        return count

    def _sweep(self, connection: sa.Connection, name: str) -> int:
        table = sa.Table(name, sa.MetaData(), autoload_with=connection)
        columns = [c for c in table.columns if c.name not in KEPT_COLUMNS]
        key = table.c["id"] if "id" in table.c else columns[0]
        rows = connection.execution_options(stream_results=True).execute(sa.select(key, *columns))
        bad = [row[0] for row in rows if any(_text(value) in self.text_match for value in row[1:])]
        for value in bad:
            connection.execute(table.delete().where(key == value))
        return len(bad)

    def compact_databases(self) -> None:
        """Deleted rows stay in a database's free pages and in its write-ahead log until it is written anew."""
        for connect in self._connections():
            with connect() as connection:
                engine = sa.create_engine(connection.engine.url, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                if engine.dialect.name == "sqlite":
                    connection.execute(sa.text("VACUUM"))
                    connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
                else:
                    connection.execute(sa.text("VACUUM FULL"))
            engine.dispose()

    def remove_logs(self) -> int:
        """Files of Dagster's home that mention the videos, other than its databases, settings and compute logs."""
        count, kept = 0, Path(self.instance.storage_directory())
        for path in self.home.rglob("*"):
            other = ".db" in path.name or path.suffix == ".yaml"
            other |= path.is_relative_to(kept) or path.is_relative_to(self._lake)
            if path.is_file() and not other and self.text_match.file(path):
                path.unlink()
                count += 1
        for folder in sorted(self.home.rglob("*/"), key=lambda p: len(p.parts), reverse=True):
            if folder.name in self.text_match and not folder.is_relative_to(self._lake):
                shutil.rmtree(folder)
                count += 1
        return count

    def _connections(self) -> list[Any]:
        return [connect for connect, _ in _storages(self.instance)]


def servers(instance: dg.DagsterInstance) -> list[str]:
    """SQLAlchemy addresses of an instance's storages that aren't files."""
    urls = [url for _, url in _storages(instance) if url.get_backend_name() != "sqlite"]
    return [url.render_as_string(hide_password=False) for url in urls]


def _storages(instance: dg.DagsterInstance) -> Iterator[tuple[Any, sa.URL]]:
    """How to connect to each database, once, and its address."""
    events: Any = instance.event_log_storage
    connections: list[Any] = [
        instance.run_storage.connect,  # type: ignore[attr-defined]
        events.index_connection,
        instance.schedule_storage.connect,  # type: ignore[union-attr]
    ]
    if hasattr(events, "path_for_shard") and Path(events.path_for_shard("")).exists():
        connections.append(lambda: events.run_connection(""))  # events that were reported without a run
    seen = set()
    for connect in connections:
        opened: AbstractContextManager[sa.Connection] = connect()
        with opened as connection:
            url = connection.engine.url
        if url not in seen:
            seen.add(url)
            yield connect, url


_EVENTS = "SELECT event FROM event_logs WHERE run_id = :run"


def _text(value: Any) -> str | bytes:
    return value if isinstance(value, bytes) else str(value)
