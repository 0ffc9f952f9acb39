"""The tutorials' scripts over a lake do what the tutorials say."""

from pathlib import Path

import pytest

from examples import run_a_takedown
from examples.kept_hours import worker
from examples.kept_hours.asset import ASSET
from nitro_assets.assets import ASSETS
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import Record, State
from nitro_assets.runtime.job import Check, Job, make
from nitro_assets.runtime.worker_asset import worker_asset
from nitro_assets.settings import Settings
from tests.assets.rows import ANNA, fit


def test_an_asset_of_ones_own_is_made_and_known_to_dagster(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ASSETS, ASSET.name, ASSET)
    half_an_hour: dict[str, object] = {"video_key": ANNA, "start": 0.0, "end": 1800.0, "game": "pong"}
    lake.write(
        "label_segments", "0000", fit("label_segments", [half_an_hour | {"keep": keep} for keep in (True, False)])
    )
    State(lake, settings).record(Record("label_segments", "0000", "root", {}, "version", 2, ()))
    record, outcome = make(Job(settings, lake, ASSET, lambda fraction, message: None), worker.build, "-")
    assert outcome.checks == [Check("something_is_kept", True, "1 games")]
    assert "| pong | 1 | 0.500 |" in outcome.metadata["hours by game"]["raw_value"]
    assert State(lake, settings).records[ASSET.name, "-"] == record
    assert {key.to_user_string() for key in worker_asset(ASSET).dependency_keys} == {"label_segments"}


def test_a_takedown_runs_from_the_request_to_the_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_a_takedown.main(tmp_path)
    said = capsys.readouterr().out
    assert "videos before: 2" in said
    assert "5. erased and scanned\n6. reported\n7. the ledger and 1 report hold; videos after: 1" in said
