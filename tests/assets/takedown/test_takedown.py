"""A request: quarantined at once, tainted, deleted by the next run, rebuilt without the video, and reversible."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nitro_assets.lake.files.cache import ClipCache
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake, LakeError
from nitro_assets.lineage.edges import came_from
from nitro_assets.lineage.state import State
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.inbox import empty_inbox
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.intake.targets import resolve
from nitro_assets.takedown.plan.plan import make_plan
from nitro_assets.takedown.quarantine import lift
from nitro_assets.takedown.requests import TakedownError, find, requests
from nitro_assets.takedown.scan.audit import audit
from tests.assets.lake.test_cache import FRAMES, TIMES
from tests.assets.small_world import LABELLED, PLAIN, address, bring_up, key, settled, verdicts, write_shards
from tests.assets.takedown.takedown_steps import erased


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    sources = tmp_path / "sources.yaml"
    sources.write_text("sources: []\n")
    settings = settings.model_copy(update={"sources": sources})
    settled(settings)
    return settings


def states(lake: Lake) -> dict[str, str]:
    return dict(Checkpoints(lake).states().select("checkpoint", "state").iter_rows())


def seen(lake: Lake, table: str) -> set[str]:
    return set(lake.read(table).select("video_key").collect()["video_key"])


def test_a_request_quarantines_and_taints_at_once(lake: Lake, settings: Settings) -> None:
    video = key(settings, LABELLED[0])
    assert request(lake, settings, [address(LABELLED[0])], "mine").state == "quarantined"
    assert video not in seen(lake, "nitrogen_frames") | seen(lake, "training_mixture")
    assert set(states(lake).values()) == {"tainted"}, "every model here saw the video or was made with one that did"
    with pytest.raises(LakeError, match=r"tainted.*retrain"):
        Checkpoints(lake).get(next(iter(states(lake))))
    now = verdicts(lake, settings)
    assert now["idm_checkpoint", "window"] == now["policy_checkpoint", "ground_truth_only"] == "stale"
    assert now["pseudo_labels", "0000"] == "waiting", "no promoted IDM is left to label with"


def test_a_plain_video_taints_only_what_it_reached(lake: Lake, settings: Settings) -> None:
    request(lake, settings, [address(PLAIN[0])], "mine")
    records = State(lake, settings).records
    now = states(lake)
    assert now[records["idm_checkpoint", "window"].version] == "promoted"
    assert now[records["policy_checkpoint", "ground_truth_only"].version] == "candidate"
    assert now[records["policy_checkpoint", "ground_truth_and_pseudo"].version] == "tainted"


@pytest.mark.parametrize("video", [LABELLED[0], PLAIN[0]])
def test_the_next_run_rebuilds_everything_without_the_video(lake: Lake, settings: Settings, video: str) -> None:
    gone = key(settings, video)
    others = {t: seen(lake, t) - {gone} for t in ("nitrogen_frames", "video_index", "pseudo_labels")}
    ClipCache(settings.cache).put(8, gone, "x", FRAMES, TIMES)
    asked = request(lake, settings, [address(video)], "mine")
    assert audit(lake, settings) == [], "quarantined is not erased: nothing is promised yet"
    assert erased(lake, settings, asked).state == "scanned"
    with pytest.raises(TakedownError, match="identifiers are gone"):
        make_plan(lake, settings, find(lake, asked.id))
    assert not ClipCache(settings.cache).holds(gone)
    assert bring_up(lake, settings)
    assert set(verdicts(lake, settings).values()) == {"fresh"}
    assert bring_up(lake, settings) == []
    for table, rest in others.items():
        assert seen(lake, table) == rest
        assert gone not in set(lake.stored(table).collect()["video_key"])
    records = State(lake, settings).records
    left = [a for a in came_from(lake, gone) if records[a.asset, a.partition].version == a.version]
    assert left == []
    assert audit(lake, settings) == []


def test_a_source_read_again_does_not_bring_the_video_back(lake: Lake, settings: Settings) -> None:
    asked = request(lake, settings, [address(LABELLED[0])], "mine")
    erased(lake, settings, asked)
    bring_up(lake, settings)
    write_shards(settings)
    assert ("nitrogen_actions", "SHARD_0000") in bring_up(lake, settings)
    assert key(settings, LABELLED[0]) not in set(lake.stored("nitrogen_frames").collect()["video_key"])


def test_lifting_brings_everything_back(lake: Lake, settings: Settings) -> None:
    rows = {t: lake.read(t).collect().height for t in ("nitrogen_frames", "pseudo_labels", "training_mixture")}
    asked = request(lake, settings, [address(LABELLED[0])], "a mistake")
    bring_up(lake, settings)
    assert lift(lake, settings, asked.id).state == "lifted"
    bring_up(lake, settings)
    assert {t: lake.read(t).collect().height for t in rows} == rows
    assert set(verdicts(lake, settings).values()) == {"fresh"}
    with pytest.raises(TakedownError, match="is lifted"):
        lift(lake, settings, asked.id)


def test_the_audit_finds_what_was_left(lake: Lake, settings: Settings) -> None:
    video = key(settings, LABELLED[0])
    asked = request(lake, settings, [video], "mine")
    erased(lake, settings, asked)
    ClipCache(settings.cache).put(8, video, "x", FRAMES, TIMES)
    model = next(iter(states(lake)))
    Checkpoints(lake).change(model, "promoted", "by mistake")
    found = {f.where for f in audit(lake, settings)}
    assert f"checkpoint {model}" in found, found
    assert any("/8/[video]" in where for where in found), "the clip, by its redacted name"


def test_an_unknown_video_is_blocked_for_the_future(lake: Lake, settings: Settings) -> None:
    asked = request(lake, settings, ["https://youtu.be/neverseen00"], "mine")
    assert asked.video_keys == (resolve(settings, "https://www.youtube.com/watch?v=neverseen00"),)
    assert erased(lake, settings, asked).state == "scanned"
    with pytest.raises(TakedownError, match="done already"):
        request(lake, settings, ["https://www.youtube.com/watch?v=neverseen00"], "again")


def test_the_inbox_answers_each_file(lake: Lake, settings: Settings) -> None:
    settings.inbox.mkdir(parents=True)
    texts = {
        "1.json": json.dumps({"video": address(PLAIN[0]), "reason": "mine"}),
        "2.json": "{not json",
        "3.json": json.dumps({"video": "file:///etc/passwd"}),
        "4.json": json.dumps({"video": address(PLAIN[0])}),
        "5.json": json.dumps([1]),
    }
    for name, text in texts.items():
        (settings.inbox / name).write_text(text)
    assert [a.outcome for a in empty_inbox(lake, settings)] == [
        "quarantined",
        "malformed",
        "malformed",
        "known",
        "malformed",
    ]
    assert len(requests(lake)) == 1
    assert not (settings.inbox / "1.json").exists(), "it holds the address"
    assert "already under" in (settings.inbox / "4.json.answer").read_text()
    assert empty_inbox(lake, settings) == []


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_no_text_breaks_a_request(settings: Settings, text: str) -> None:
    said = []
    for found in (text, "no address"):
        with pytest.raises(TakedownError, match="http") as refusal:
            resolve(settings, found)
        said.append(str(refusal.value))
    assert said[0] == said[1], "it may hold what identifies a video"


def test_requests_hold_no_address(lake: Lake, settings: Settings) -> None:
    request(lake, settings, [address(PLAIN[0])], "mine")
    ledger = Path(settings.lake, "ledger")
    assert not any(PLAIN[0][:11] in path.read_text() for path in ledger.iterdir())
    assert pl.Series(list(states(lake))).str.contains(PLAIN[0][:11]).any() is False
