"""Fresh or stale from the roots, and what came from a video."""

from pathlib import Path

import pytest

from nitro_assets.assets import ASSETS
from nitro_assets.fingerprint import digest
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import came_from, made_from
from nitro_assets.lineage.state import Record, State
from nitro_assets.lineage.status import statuses
from nitro_assets.runtime.job import Outcome, make
from nitro_assets.settings import Settings
from tests.assets.small_world import LABELLED, PLAIN, add_shard, bring_up, job, key, settled, verdicts, write_shards


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    sources = tmp_path / "sources.yaml"
    sources.write_text("sources: []\n")
    return settings.model_copy(update={"sources": sources})


def test_everything_is_made_once_and_then_fresh(lake: Lake, settings: Settings) -> None:
    write_shards(settings)
    before = verdicts(lake, settings)
    assert before["nitrogen_actions", "SHARD_0000"] == "missing"
    assert before["idm_checkpoint", "window"] == before["pseudo_labels", "0000"] == "waiting"
    made = bring_up(lake, settings)
    assert len(made) == len(set(made)) == len(before)
    assert set(verdicts(lake, settings).values()) == {"fresh"}
    assert bring_up(lake, settings) == []


def test_a_new_shard_makes_only_its_readers_stale(settings: Settings) -> None:
    lake = settled(settings)
    add_shard(settings, 2)
    changed = {k: v for k, v in verdicts(lake, settings).items() if v != "fresh"}
    assert changed["nitrogen_actions", "SHARD_0002"] == "missing"
    assert {asset for asset, _ in changed} == {"nitrogen_actions", "idm_checkpoint", "training_mixture"}
    made = bring_up(lake, settings)
    assert ("nitrogen_actions", "SHARD_0000") not in made
    assert ("video_index", "0000") not in made
    assert ("pseudo_labels", "0000") in made, "a newly promoted IDM makes every shard stale"


def test_another_risk_judges_anew_and_labels_nothing(settings: Settings) -> None:
    lake = settled(settings)
    changed = {k for k, v in verdicts(lake, settings.model_copy(update={"risk": 0.2})).items() if v != "fresh"}
    assert {asset for asset, _ in changed} == {"label_segments"}


def test_the_reason_names_what_changed(settings: Settings) -> None:
    lake = settled(settings)
    assert settings.sources is not None
    settings.sources.write_text("sources: []  # another day\n")
    why = {s.asset: s.why for s in statuses(State(lake, settings)) if s.verdict == "stale"}
    assert why == {"video_index": "sources changed"}
    bring_up(lake, settings)
    assert set(verdicts(lake, settings).values()) == {"fresh"}, "the same index rows make nothing else stale"


def test_two_hundred_upstream_partitions(lake: Lake, settings: Settings) -> None:
    write_shards(settings)
    for number in range(2, 202):
        add_shard(settings, number)
    state, asset = State(lake, settings), ASSETS["nitrogen_actions"]
    for shard in state.partitions(asset)[2:]:
        components = state.input_versions(asset, shard)
        state.record(Record(asset.name, shard, digest(components), components, digest(components), 0))
    bring_up(lake, settings)
    assert set(verdicts(lake, settings).values()) == {"fresh"}
    changed = Outcome(0, version="other rows")
    make(job(lake, settings, "nitrogen_actions"), lambda job, shard: changed, "SHARD_0150")
    why = {s.asset: s.why for s in statuses(State(lake, settings)) if s.verdict == "stale"}
    assert why == dict.fromkeys(("idm_checkpoint", "training_mixture"), "nitrogen_actions/SHARD_0150 changed")


def test_what_came_from_a_labelled_video(settings: Settings) -> None:
    lake = settled(settings)
    found = {(a.asset, a.partition): a for a in came_from(lake, key(settings, LABELLED[0]))}
    assert ("nitrogen_actions", "SHARD_0001") not in found
    direct = ("nitrogen_actions", "SHARD_0000"), ("idm_checkpoint", "pair"), ("policy_checkpoint", "ground_truth_only")
    for name, partition in direct:
        assert found[name, partition].through == "rows"
        assert found[name, partition].rows > 0
    idm = found["idm_checkpoint", "window"].version
    assert {found["pseudo_labels", s].through for s in ("0000", "0001", "0002", "0003")} == {idm}
    assert found["policy_checkpoint", "ground_truth_and_pseudo"].through == idm
    assert ("video_index", "0000") not in found


def test_what_came_from_a_plain_video(settings: Settings) -> None:
    lake = settled(settings)
    found = {a.asset for a in came_from(lake, key(settings, PLAIN[0]))}
    assert {"video_index", "pseudo_labels", "label_segments", "training_mixture", "policy_checkpoint"} <= found
    assert "idm_checkpoint" not in found
    assert came_from(lake, "0" * 32) == []


def test_what_a_checkpoint_was_made_from(settings: Settings) -> None:
    lake = settled(settings)
    version = State(lake, settings).records["idm_checkpoint", "window"].version
    found = made_from(lake, version)
    assert set(found["video_key"]) == {key(settings, v) for v in LABELLED}
    assert found["rows"].sum() == lake.read("nitrogen_frames").collect().height
