"""The same graph on a cluster: workers are Ray jobs, lake and logs are on S3, Dagster keeps its state in Postgres."""

from collections.abc import Iterator

import dagster as dg
import pytest
import s3fs
import sqlalchemy

from nitro_assets.definitions import definitions
from nitro_assets.defs.freshen import freshen
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State
from nitro_assets.settings import ROOT, Settings
from tests.assets import services
from tests.assets.small_world import LABELLED, write_shards


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Everything that a cluster has, on this machine; yields the database's address."""
    home = tmp_path_factory.mktemp("cluster")
    settings = {
        "NITRO_LAKE": "s3://bucket/lake",
        "NITRO_NITROGEN": str(home / "nitrogen"),
        "NITRO_CACHE": str(home / "cache"),
        "NITRO_SECRET_FILE": str(home / "secret"),
        "NITRO_ENGINE": "ray",
        "NITRO_LOGS_BUCKET": "bucket",
        "DAGSTER_HOME": str(ROOT / "dagster_home" / "cluster"),
    }
    with services.s3() as aws, services.postgres() as database, services.environ(settings):
        write_shards(Settings())
        with (
            services.ray_cluster(aws) as jobs,
            services.environ({"NITRO_RAY_ADDRESS": jobs, "NITRO_POSTGRES_URL": database}),
        ):
            yield database


def test_workers_run_as_jobs_and_everything_is_kept_where_it_belongs(cluster: str) -> None:
    said: list[str] = []
    assert freshen(definitions, Settings(), {"nitrogen_actions"}, lambda *a: said.append(str(a))) == 0, said
    assert [r.rows for r in State(Lake(Settings()), Settings()).records.values()] == [40, 40]
    with sqlalchemy.create_engine(cluster).connect() as connection:
        made = "select count(*) from event_logs where dagster_event_type = 'ASSET_MATERIALIZATION'"
        assert connection.execute(sqlalchemy.text(made)).scalar() == 2
    files = s3fs.S3FileSystem().find("bucket")
    assert any(f.startswith("bucket/dagster-logs/") for f in files)
    assert not [f for f in files if "/messages/" in f], "nothing of the workers' messages is left"
    assert not [f for f in files if LABELLED[0][:11] in f]


def test_a_worker_that_fails_fails_its_run(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NITRO_CORPUS_SHARDS", "3")  # the lake was made with 8
    with dg.DagsterInstance.get() as instance:
        result = dg.materialize(
            [definitions.resolve_assets_def("takedown_audit")], instance=instance, raise_on_error=False
        )
    assert not result.success
