"""Through Dagster itself: definitions, a run in worker processes, what the UI is given, the sensors and schedules."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from nitro_assets.assets import ASSETS
from nitro_assets.assets.pseudo_labels.schedules import relabel_nightly
from nitro_assets.assets.takedown_requests.sensors import takedown_inbox
from nitro_assets.definitions import definitions
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State
from nitro_assets.lineage.status import judge
from nitro_assets.runtime.update_stale import update_stale
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.requests import find
from tests.assets.rows import BERT, rejects
from tests.assets.small_world import LABELLED, add_chunk, address, key, settled, write_shards
from tests.assets.takedown.takedown_steps import approved


@pytest.fixture
def home(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings in the environment, as the workers read them, and a Dagster home."""
    write_shards(settings)
    sources = tmp_path / "sources.yaml"
    sources.write_text("sources: []\n")
    for name in ("lake", "nitrogen", "cache", "secret_file", "inbox", "corpus_shards", "allow_loopback"):
        monkeypatch.setenv(f"NITRO_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("NITRO_SOURCES", str(sources))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return tmp_path


def told(asset: str, partitions: object, event: str) -> None:
    print(asset, partitions, event)


def test_every_asset_of_the_graph_is_defined_with_its_catalogue_entry() -> None:
    graph = definitions.resolve_asset_graph()
    assert {k.to_user_string() for k in graph.get_all_asset_keys()} == set(ASSETS)
    for asset in ASSETS.values():
        node = graph.get(dg.AssetKey(asset.name))
        assert node.description
        assert node.code_version == asset.code
        assert node.owners
        assert node.kinds
        assert node.check_keys
        assert {k.to_user_string() for k in node.parent_keys} == {reads.asset for reads in asset.reads}


def test_a_run_shows_in_dagster_and_a_second_one_has_nothing_to_do(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = Settings()
    selected = {"takedown_requests", "nitrogen_actions", "takedown_audit"}
    assert update_stale(definitions, settings, selected, told) == 0
    with dg.DagsterInstance.get() as instance:
        for shard in ("SHARD_0000", "SHARD_0001"):
            event = instance.get_latest_data_version_record(dg.AssetKey("nitrogen_actions"), partition_key=shard)
            assert event is not None
            assert event.asset_materialization is not None
            metadata = event.asset_materialization.metadata
            record = State(Lake(settings), settings).records["nitrogen_actions", shard]
            assert metadata["version"].value == record.version
            assert metadata["rows"].value == record.rows == 40
        runs = len(instance.get_runs())
        assert update_stale(definitions, settings, selected, told) == 0
        assert len(instance.get_runs()) == runs
        stored = json.dumps([e.to_json() for r in instance.get_runs() for e in instance.all_logs(r.run_id)])
    assert LABELLED[0][:11] not in stored, "no identifier in the event log"


def test_a_broken_shard_fails_alone(home: Path) -> None:
    settings = Settings()
    bad = Path(settings.nitrogen) / "actions" / "SHARD_0002.tar.gz"
    bad.write_bytes(b"this is no archive")
    update_stale(definitions, settings, {"nitrogen_actions"}, told)
    records = State(Lake(settings), settings).records
    assert records["nitrogen_actions", "SHARD_0000"].rows == 40
    assert records["nitrogen_actions", "SHARD_0002"].rows == 0
    rejects = Lake(settings).partition("rejects", "nitrogen_actions:SHARD_0002")
    assert rejects.height == 1
    assert "SHARD_0002" in rejects["item"][0]


def test_the_command_line_runs_and_tells(home: Path) -> None:
    def nitro(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from nitro_assets.cli import main; main()", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)

    ran = nitro("run", "--select", "nitrogen_actions", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)[0]["event"] == "done"
    states = {s["asset"]: s["state"] for s in json.loads(nitro("status", "--json").stdout)}
    assert states["nitrogen_actions"] == "fresh"
    assert states["pseudo_labels"] == "waiting"
    asked = nitro("takedown", "request", address(LABELLED[0]), "--reason", "mine", "--json")
    assert json.loads(asked.stdout)[0]["state"] == "quarantined"
    again = nitro("takedown", "request", address(LABELLED[0]), "--reason", "mine")
    assert again.returncode == 1
    assert again.stderr.startswith("TakedownError: already under request T-")
    found = json.loads(nitro("lineage", address(LABELLED[0]), "--json").stdout)
    assert [a["asset"] for a in found] == ["nitrogen_actions"]
    wrong = subprocess.run(
        [sys.executable, "-c", "from nitro_assets.cli import main; main()", "status"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NITRO_CORPUS_SHARDS": "none"},
    )
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("NITRO_CORPUS_SHARDS:")


def test_the_inbox_sensor_quarantines_in_its_tick(home: Path) -> None:
    settings = Settings()
    lake = Lake(settings)
    assert isinstance(takedown_inbox(), dg.SkipReason)
    settings.inbox.mkdir(parents=True)
    (settings.inbox / "a.json").write_text(json.dumps({"video": address(LABELLED[0]), "reason": "mine"}))
    result = takedown_inbox()
    assert isinstance(result, dg.SensorResult)
    assert result.run_requests
    assert key(settings, LABELLED[0]) in lake.blocklist()
    assert isinstance(takedown_inbox(), dg.SkipReason)


def test_the_nightly_schedule_relabels_the_stale_shards_and_nothing_else(home: Path) -> None:
    settings = Settings()
    lake = settled(settings)

    def tick() -> list[object]:
        with dg.DagsterInstance.get() as instance:
            ticked: Any = relabel_nightly(dg.build_schedule_context(instance=instance))
            return list(ticked)

    assert [type(t) for t in tick()] == [dg.SkipReason]
    for shard in ("0000", "0001", "0003"):
        lake.drop("materialisations", f"pseudo_labels:{shard}")
    requests = [t for t in tick() if isinstance(t, dg.RunRequest)]
    assert [
        (r.tags["dagster/asset_partition_range_start"], r.tags["dagster/asset_partition_range_end"]) for r in requests
    ] == [
        ("0000", "0001"),
        ("0003", "0003"),
    ]
    assert len({r.run_key for r in requests}) == 2
    assert tick() == requests, "asked twice, the same run keys: Dagster starts each once"


def test_another_risk_judges_the_segments_by_night_and_labels_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings()
    lake = settled(settings)
    monkeypatch.setenv("NITRO_RISK", "0.31")
    lake.drop("materialisations", "pseudo_labels:0001")
    with dg.DagsterInstance.get() as instance:
        schedule = definitions.get_repository_def().get_schedule_def("relabel_nightly")
        requests = schedule.evaluate_tick(dg.build_schedule_context(instance=instance)).run_requests or []
    assert [(r.asset_selection, r.tags["dagster/asset_partition_range_start"]) for r in requests] == [
        (None, "0001"),
        ([dg.AssetKey("label_segments")], "0000"),
        ([dg.AssetKey("label_segments")], "0002"),
    ]


def test_compaction_is_an_asset_with_a_nightly_schedule(home: Path) -> None:
    settings = Settings()
    lake = Lake(settings)
    for n in range(10):
        lake.write("rejects", f"scope {n}", rejects(BERT))
    assert update_stale(definitions, settings, {"compaction"}, told) == 0
    assert lake.files("rejects").height == 1
    with dg.DagsterInstance.get() as instance:
        event: Any = instance.get_latest_materialization_event(dg.AssetKey("compaction"))
        metadata = event.asset_materialization.metadata
        assert "| rejects | 10 | 1 |" in metadata["tables"].value
    schedule = definitions.get_repository_def().get_schedule_def("compact_nightly")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_a_takedown_shows_on_every_asset_it_touched(home: Path) -> None:
    settings = Settings()
    lake = settled(settings)
    approved(lake, settings, request(lake, settings, [address(LABELLED[0])], "mine"))
    assert update_stale(definitions, settings, {"takedown_requests"}, told) == 0
    records = State(lake, settings).records
    with dg.DagsterInstance.get() as instance:
        event: Any = instance.get_latest_data_version_record(
            dg.AssetKey("nitrogen_actions"), partition_key="SHARD_0000"
        )
        materialised = event.asset_materialization
        assert materialised.tags["dagster/data_version"] == records["nitrogen_actions", "SHARD_0000"].version
        assert materialised.metadata["rows removed"].value > 40
        for name in ("idm_checkpoint", "policy_checkpoint", "latent_actions", "world_model_checkpoint"):
            check = dg.AssetCheckKey(dg.AssetKey(name), "inputs_are_clean")
            latest: Any = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])[check]
            assert latest.event.dagster_event.asset_check_evaluation_data.passed is False


def test_what_is_made_again_is_reported_and_then_audited(home: Path) -> None:
    settings, selected = Settings(), {"takedown_requests", "nitrogen_actions", "takedown_audit"}
    lake = Lake(settings)
    assert update_stale(definitions, settings, selected, told) == 0
    asked = approved(lake, settings, request(lake, settings, [address(LABELLED[0])], "mine"))
    add_chunk(settings, 0, 1)
    assert update_stale(definitions, settings, {"takedown_requests"}, told) == 0
    assert find(lake, asked.id).state == "scanned", "the shard that has grown is to be made again first"
    assert update_stale(definitions, settings, selected, told) == 0
    assert find(lake, asked.id).state == "reported"
    state = State(Lake(settings), settings)
    assert {
        name: judge(state, ASSETS[name], p).verdict for name in selected for p in state.partitions(ASSETS[name])
    } == dict.fromkeys(selected, "fresh")
