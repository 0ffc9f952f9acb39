"""The same graph on a cluster: workers are Ray jobs, lake and logs are on S3, Dagster keeps its state in Postgres."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
import s3fs
import sqlalchemy
import yaml

from demo.site import serve
from nitro_assets.assets.pseudo_labels.engine import LocalEngine
from nitro_assets.assets.pseudo_labels.label_video import LabelConfig, VideoTask
from nitro_assets.definitions import definitions
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State
from nitro_assets.runtime.ray_train import train_on_cluster
from nitro_assets.runtime.update_stale import update_stale
from nitro_assets.settings import ROOT, Settings
from nitro_ml.games.recorder.record import record
from nitro_ml.models.idm.config import load_recipe
from nitro_ml.models.idm.label import Labeller
from nitro_ml.models.idm.train import train
from nitro_ml.training.hardware import Hardware
from tests.assets import services
from tests.assets.small_world import LABELLED, write_shards
from tests.ml.moving import square_clip

FRAMES = 240
"""Eight seconds: four parts of 64 frames."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Everything that a cluster has, on this machine; yields the database's address."""
    home = tmp_path_factory.mktemp("cluster")
    settings = {
        "NITRO_LAKE": "s3://bucket/lake",
        "NITRO_NITROGEN": str(home / "nitrogen"),
        "NITRO_CACHE": str(home / "cache"),
        "NITRO_SECRET_FILE": str(home / "secret"),
        "NITRO_CORPUS_SHARDS": "2",
        "NITRO_ALLOW_LOOPBACK": "1",
        "NITRO_MIN_SECONDS": "0",
        "NITRO_MIN_HEIGHT": "0",
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
    assert update_stale(definitions, Settings(), {"nitrogen_actions"}, lambda *a: said.append(str(a))) == 0, said
    assert [r.rows for r in State(Lake(Settings()), Settings()).records.values()] == [40, 40]
    with sqlalchemy.create_engine(cluster).connect() as connection:
        made = "select count(*) from event_logs where dagster_event_type = 'ASSET_MATERIALIZATION'"
        assert connection.execute(sqlalchemy.text(made)).scalar() == 2
    files = s3fs.S3FileSystem().find("bucket")
    assert any(f.startswith("bucket/dagster-logs/") for f in files)
    assert not [f for f in files if "/messages/" in f and not f.endswith("/")], (
        "nothing of the workers' messages is left"
    )
    assert not [f for f in files if LABELLED[0][:11] in f]


def test_the_cluster_takes_jobs_from_those_who_have_its_token(cluster: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{Settings().ray_address}/api/jobs/", timeout=10)


def test_a_pool_of_actors_labels_as_processes_do(cluster: str, tmp_path: Path) -> None:
    settings, lake = Settings(), Lake(Settings())
    promoted = _promoted(lake, tmp_path / "idm")
    pages = [_page(tmp_path, i) for i in range(3)]
    whole = (tmp_path / "videos" / "1.mp4").read_bytes()
    middle = slice(len(whole) // 3, len(whole) // 2)  # its header is whole: only who decodes it sees the damage
    (tmp_path / "videos" / "1.mp4").write_bytes(
        whole[: middle.start] + bytes(middle.stop - middle.start) + whole[middle.stop :]
    )
    (tmp_path / "site.json").write_text(json.dumps(pages))
    with serve(tmp_path) as site:
        (tmp_path / "sources.yaml").write_text(
            yaml.safe_dump({"sources": [{"url": f"{site}/watch/{page['id']}", "game": "freeway"} for page in pages]})
        )
        said: list[str] = []
        with services.environ({"NITRO_SOURCES": str(tmp_path / "sources.yaml")}):
            selected = {"video_index", "pseudo_labels"}
            assert update_stale(definitions, Settings(), selected, lambda *a: said.append(str(a))) == 0, said
        index = lake.read("video_index").select("video_key", "address", "game").sort("video_key").collect()
        setup = LabelConfig(settings, promoted, 32, str(tmp_path / "rows"))
        with closing(LocalEngine(1)) as engine:
            results = list(engine.map(setup, [VideoTask(*row) for row in index.iter_rows()]))
    assert sorted(bool(r.error) for r in results) == [False, False, True]
    here = pl.concat([pl.read_parquet(tmp_path / "rows" / f"{r.key}.parquet") for r in results if not r.error])
    there = lake.read("pseudo_labels").drop("corpus_shard").collect()
    order = ["video_key", "frame"]
    assert there.height == 2 * FRAMES
    assert there.sort(order).equals(here.select(there.columns).sort(order))


def test_two_nodes_train_one_model(cluster: str, tmp_path: Path) -> None:
    two = Hardware(num_nodes=2, strategy="ddp", precision="float32")
    recipe = load_recipe("quick").model_copy(update={"steps": 2, "resolution": 32, "hardware": two})
    clips = [square_clip(seed) for seed in range(4)]
    trained = train_on_cluster(Settings(), two, False, tmp_path, train, recipe, clips, tmp_path, {})
    assert trained.card["recipe"]["hardware"]["num_nodes"] == 2
    assert Labeller(trained.path).resolution == 32
    left = [f for f in s3fs.S3FileSystem().find("bucket") if "/messages/" in f]
    assert [f for f in left if not f.endswith("/")] == [], "but for a folder's empty marker"


def _promoted(lake: Lake, folder: Path) -> str:
    """An IDM that has learned next to nothing, promoted all the same."""
    recipe = load_recipe("quick").model_copy(update={"steps": 2, "resolution": 32})
    name = Checkpoints(lake).put(train(recipe, [square_clip(seed) for seed in range(4)], folder, {}).path)
    Checkpoints(lake).set(name, "idm_checkpoint", "pair", "promoted", "for the test")
    return name


def _page(home: Path, number: int) -> dict[str, str]:
    record("freeway", FRAMES, number, home / "videos" / f"{number}.mp4", who="wanderer")
    facts = {"channel": "ours", "licence": "CC0-1.0", "date": "2026-01-01", "description": "Licence: CC0-1.0"}
    return {"id": f"video-{number}", "title": f"Play {number}", "file": f"{number}.mp4", **facts}


def test_a_worker_that_fails_fails_its_run(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NITRO_CORPUS_SHARDS", "3")  # the lake was made with 2
    with dg.DagsterInstance.get() as instance:
        result = dg.materialize(
            [definitions.resolve_assets_def("takedown_audit")], instance=instance, raise_on_error=False
        )
    assert not result.success
