"""The canary in the places that Dagster keeps: its runs, events, logs, cursors and free pages."""

import base64
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from nitro_assets.settings import Settings
from tests.assets.small_world import address
from tests.assets.takedown.erase.leaks import CANARY, OTHER, TITLE, ids


def run_tags(instance: dg.DagsterInstance, settings: Settings) -> None:
    instance.create_run_for_job(_job(), tags={"video": ids(settings)[0]})


def events(instance: dg.DagsterInstance, settings: Settings) -> None:
    run = instance.create_run_for_job(_job())
    instance.report_engine_event(f"fetching {quote(address(CANARY), safe='')}", run)


def compute_logs(instance: dg.DagsterInstance, settings: Settings) -> None:
    run = instance.create_run_for_job(_job())
    folder = Path(instance.storage_directory(), run.run_id, "compute_logs")
    folder.mkdir(parents=True)
    (folder / "step.err").write_text(f"read {TITLE}")


def other_logs(instance: dg.DagsterInstance, settings: Settings) -> None:
    Path(instance.root_directory, "logs").mkdir()
    Path(instance.root_directory, "logs", "event.log").write_text(address(CANARY))


def _job() -> dg.JobDefinition:
    @dg.op
    def nothing() -> None: ...

    @dg.job
    def quick() -> None:
        nothing()

    return quick


def _sensor(instance: dg.DagsterInstance, cursor: str | None) -> InstigatorState:
    target = LoadableTargetOrigin(python_file="nowhere.py")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(InProcessCodeLocationOrigin(target), "r"), "inbox")
    data = SensorInstigatorData(cursor=cursor)
    return instance.add_instigator_state(InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data))


def cursor(instance: dg.DagsterInstance, settings: Settings) -> None:
    _sensor(instance, base64.b64encode(f'{{"last": "{address(CANARY)}"}}'.encode()).decode())


def tick(instance: dg.DagsterInstance, settings: Settings) -> None:
    state = _sensor(instance, None)
    data = TickData(
        state.instigator_origin_id,
        "inbox",
        InstigatorType.SENSOR,
        TickStatus.SKIPPED,
        datetime.now(UTC).timestamp(),
        skip_reason=address(CANARY),
        selector_id=state.selector_id,
    )
    assert isinstance(instance.create_tick(data), InstigatorTick)


def dynamic_partition(instance: dg.DagsterInstance, settings: Settings) -> None:
    instance.add_dynamic_partitions("videos", [CANARY[:11], OTHER[:11]])


def asset_metadata(instance: dg.DagsterInstance, settings: Settings) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization("filmstrips", metadata={"of": TITLE}))


def key_value(instance: dg.DagsterInstance, settings: Settings) -> None:
    instance.run_storage.set_cursor_values({"daemon": json.dumps({"video": TITLE})})


def free_pages(instance: dg.DagsterInstance, settings: Settings) -> None:
    """A row that was deleted, and lies in the file until it is written anew."""
    with sqlite3.connect(Path(instance.root_directory, "history/runs.db")) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("INSERT INTO kvs (key, value) VALUES ('x', ?)", (TITLE * 20,))
        database.commit()
        database.execute("DELETE FROM kvs WHERE key = 'x'")
    database.close()
