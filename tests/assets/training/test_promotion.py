"""Which IDM labels: the better one on the frozen held-out videos, never a tainted one."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from nitro_assets.assets.idm_checkpoint.promotion import Decision, decide
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.job import Job
from nitro_assets.settings import Settings
from nitro_ml.evaluation.baselines import BASELINES
from nitro_ml.evaluation.events import EventCounts
from nitro_ml.evaluation.paired_bootstrap import Video
from nitro_ml.models.idm.label import Labeller
from nitro_ml.training import checkpoint
from tests.assets.small_world import job as job_of

GAMES = ("pong", "golf")
VIDEOS = {f"{game}{i}": game for game in GAMES for i in range(4)}


def scores(**by_game: float) -> dict[str, Video]:
    """Each game's videos alike but for a little, so that whole-video draws have something to draw."""
    return {
        name: Video(game, EventCounts(int(100 * by_game[game]) + i % 3, 100, 100), by_game[game])
        for i, (name, game) in enumerate(VIDEOS.items())
    }


def card(value: float, videos: list[str]) -> dict[str, Any]:
    model = {"event_f1_2": value, "macro_ap": value}
    table = {"model": model, **{name: {"event_f1_2": 0.1, "macro_ap": 0.1} for name in BASELINES}}
    facts = {"metrics": dict.fromkeys(GAMES, table), "held_out": videos, "frames_by_video": dict.fromkeys(videos, 9)}
    return {"kind": "idm", "recipe": {"name": "window"}, "made from": value, **facts}


@pytest.fixture
def job(lake: Lake, settings: Settings) -> Job:
    return job_of(lake, settings, "idm_checkpoint")


def offer(job: Job, folder: Path, value: float, new: dict[str, Video], old: dict[str, Video]) -> tuple[str, Decision]:
    """A checkpoint of recipe `window` is put into the lake and decided about."""
    made = card(value, sorted(new))
    name = job.checkpoints.put(checkpoint.save(folder, {"w": torch.full((1,), value)}, made))
    decision = decide(job, name, made, new, lambda _, videos: {k: v for k, v in old.items() if k in videos})
    figures = json.dumps(decision.figures())
    if decision.state == "promoted":
        job.checkpoints.promote(name, "idm_checkpoint", "window", decision.why, figures)
    else:
        job.checkpoints.set(name, "idm_checkpoint", "window", decision.state, decision.why, figures)
    return name, decision


def test_the_better_model_replaces_the_promoted_one_and_no_other_does(job: Job, tmp_path: Path) -> None:
    fair, good = scores(pong=0.5, golf=0.5), scores(pong=0.6, golf=0.6)
    first, decision = offer(job, tmp_path, 0.5, fair, {})
    assert decision.state == "promoted"
    assert job.checkpoints.held_out("idm_checkpoint") == set(VIDEOS)
    _, same = offer(job, tmp_path, 0.501, fair, fair)
    assert (same.state, job.checkpoints.promoted("idm_checkpoint")) == ("candidate", first)
    assert "not surely better" in same.why
    _, torn = offer(job, tmp_path, 0.55, scores(pong=0.8, golf=0.4), fair)
    assert (torn.state, job.checkpoints.promoted("idm_checkpoint")) == ("candidate", first)
    assert "in golf" in torn.why
    second, better = offer(job, tmp_path, 0.6, good, fair)
    assert (better.state, job.checkpoints.promoted("idm_checkpoint")) == ("promoted", second)
    rows = {row["checkpoint"]: row for row in job.checkpoints.states().iter_rows(named=True)}
    assert rows[first]["state"] == "retired"
    assert json.loads(rows[second]["metrics"])["compared"]["difference"] == pytest.approx(0.1, abs=0.01)
    assert "| pong | 0.5" in better.markdown()


def test_only_videos_that_both_were_tested_on_count(job: Job, tmp_path: Path) -> None:
    fair, good = scores(pong=0.5, golf=0.5), scores(pong=0.6, golf=0.6)
    offer(job, tmp_path, 0.5, fair, {})
    newer = {f"new{i}": Video("tennis", EventCounts(99, 100, 100), 0.99) for i in range(5)}
    _, other = offer(job, tmp_path, 0.99, newer, fair)
    assert other.state == "candidate"
    assert "no held-out video is left" in other.why
    _, both = offer(job, tmp_path, 0.7, good | newer, fair)
    assert both.verdict is not None
    assert both.verdict.videos == len(VIDEOS)


def test_one_whose_recipe_is_trained_no_more_is_compared_and_one_that_cannot_be_loaded_is_replaced(
    job: Job, tmp_path: Path
) -> None:
    fair = scores(pong=0.5, golf=0.5)
    first, _ = offer(job, tmp_path, 0.5, fair, {})
    job.checkpoints.promote(first, "idm_checkpoint", "of last year", "", "{}")
    _, worse = offer(job, tmp_path, 0.4, scores(pong=0.4, golf=0.4), fair)
    assert worse.state == "candidate"
    new = scores(pong=0.3, golf=0.3)

    def rescore(name: str, _: set[str]) -> dict[str, Video]:
        Labeller(job.checkpoints.get(name))
        raise AssertionError("it has no model")

    decision = decide(job, "other", card(0.3, sorted(new)), new, rescore)
    assert decision.state == "promoted"
    assert "of last year is of no use any more" in decision.why
    assert "this version of nitro can't rebuild the model" in decision.why


def test_a_model_of_a_blocked_video_is_tainted_however_good(job: Job, lake: Lake, tmp_path: Path) -> None:
    first, _ = offer(job, tmp_path, 0.5, scores(pong=0.5, golf=0.5), {})
    lake.ledger.append("quarantined", "T-1", {"videos": lake.block_keys(["pong0"])})
    _, decision = offer(job, tmp_path, 0.9, scores(pong=0.9, golf=0.9), scores(pong=0.5, golf=0.5))
    assert decision.state == "tainted"
    assert job.checkpoints.promoted("idm_checkpoint") == first


def test_baselines_come_first(job: Job, tmp_path: Path) -> None:
    _, decision = offer(job, tmp_path, 0.05, scores(pong=0.05, golf=0.05), {})
    assert (decision.state, decision.beats_baselines) == ("candidate", False)
    assert "does not beat the baselines" in decision.why
