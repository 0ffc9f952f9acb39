"""`nitro run` and `nitro status`: what a selection means, what can't be made, and how it is told, in Dagster too."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from benchmarks.commands.apart import usual
from benchmarks.commands.first_hour import here
from nitro_assets.cli.lake import opened
from nitro_assets.cli.run import chosen
from nitro_assets.definitions import definitions
from nitro_assets.lake.store import LakeError
from nitro_assets.runtime.update_stale import update_stale
from nitro_assets.settings import Settings
from tests.assets.small_world import settled, write_shards

UPSTREAM = {"nitrogen_actions", "idm_checkpoint", "video_index", "pseudo_labels", "label_segments"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of the environment, with NitroGen's shards and sources there, and a Dagster home."""
    (tmp_path / "dagster").mkdir()
    for name, value in usual(tmp_path).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "sources.yaml").write_text("sources: []\n")
    monkeypatch.setenv("NITRO_SOURCES", str(tmp_path / "sources.yaml"))
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    settings = Settings()
    write_shards(settings)
    return settings


@pytest.mark.parametrize(
    ("select", "assets"),
    [
        ("label_segments", {"label_segments"}),
        ('key:"label_segments"', {"label_segments"}),
        ("+label_segments", UPSTREAM),
        ('+key:"label_segments"', UPSTREAM),
        ('1+key:"label_segments"', {"pseudo_labels", "label_segments"}),
        ("group:takedown", {"takedown_requests", "takedown_audit"}),
        ('+key:"label_segments" and not key:"*_labels"', UPSTREAM - {"pseudo_labels"}),
    ],
)
def test_a_selection_means_what_the_search_box_means(select: str, assets: set[str]) -> None:
    assert chosen(select, definitions) == assets


def test_what_cannot_be_made_says_what_it_waits_for(settings: Settings) -> None:
    answer = here(["run", "--select", "label_segments", "--json"])
    assert answer.status == 3
    (row,) = json.loads("\n".join(answer.lines))
    assert row == {"asset": "label_segments", "partitions": "0000 to 0003", "event": "waiting: needs pseudo_labels"}
    told = " ".join(here(["run", "--select", "label_segments"]).lines)
    assert "not selected, but needed: pseudo_labels" in told


def test_status_is_a_line_an_asset_and_the_partitions_that_need_attention(settings: Settings) -> None:
    lake = settled(settings)
    lake.drop("materialisations", "pseudo_labels:0001")
    lines = here(["status"]).lines
    assert max(map(len, lines)) <= 80
    told = [" ".join(line.split()) for line in lines]
    assert any(line.startswith("video_index 4 fresh") for line in told)
    assert any(line.startswith("pseudo_labels 3 fresh, 1 missing") for line in told)
    assert any(line.startswith("pseudo_labels 0001 missing never made") for line in told)
    assert sum(line.startswith("video_index") for line in lines) == 1
    assert sum(line.startswith("video_index") for line in here(["status", "--all"]).lines) == 4


def test_a_fresh_clone_says_how_to_begin(tmp_path: Path) -> None:
    nothing_said = Settings.model_construct(set(), lake=str(tmp_path / "lake"))
    with pytest.raises(LakeError, match="there is no lake yet: `make demo`"):
        opened(nothing_said)
    assert not (tmp_path / "lake").exists()


def test_a_foreseeable_failure_is_one_line_on_dagsters_page(settings: Settings) -> None:
    assert settings.sources
    settings.sources.write_text("sources: [")
    events: list[str] = []
    assert (
        update_stale(definitions, settings, {"video_index"}, lambda asset, partitions, event: events.append(event)) == 1
    )
    assert "video_index 0003: SourcesError: sources.yaml line 1: not valid YAML" in events[-1]
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
        failures: Any = [e.dagster_event for e in instance.all_logs(run.run_id) if e.dagster_event]
        (error,) = [e.step_failure_data.error for e in failures if e.is_step_failure]
    assert (error.stack, error.cause) == ([], None)
    assert error.message.startswith("video_index 0000: SourcesError")
