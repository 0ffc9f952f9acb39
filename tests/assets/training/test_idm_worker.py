"""The IDM's worker on labels with known faults, killed half way: real play of a game with sticks, over loopback."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import torch
import yaml

from demo.site import serve
from nitro_assets.assets import ASSETS
from nitro_assets.assets.idm_checkpoint import worker as idm_checkpoint
from nitro_assets.assets.nitrogen_actions import worker as nitrogen_actions
from nitro_assets.lake.files.resume_state import CURVES, SEEN
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.job import Job, make
from nitro_assets.settings import Settings
from nitro_ml import recipes
from nitro_ml.core.actions import Actions
from nitro_ml.games.recorder.record import record
from nitro_ml.games.recorder.shard import Published, write_shard
from nitro_ml.models.idm.config import load_recipe
from nitro_ml.nitrogen.label_sync import shifted, upright
from nitro_ml.recipes import RecipeError
from nitro_ml.training.hardware import Hardware
from tests.assets.corpus import environment

GAME, FRAMES = "my_way_home", 660
VIDEOS = ("sound1", "sound2", "late", "upside_down", "unrelated")
SMALL = {"kind": "change", "offsets": [1], "channels": [8, 16, 16], "blocks": [0, 0], "matching": 0}
TINY = {"encoder": SMALL, "width": 32, "steps": 8, "check": 3, "stretches": 2, "length": 8}

KILLED = """
import os, signal, sys
import torch
from nitro_assets.lake.store import Lake
from nitro_assets.assets import ASSETS
from nitro_assets.settings import Settings
from nitro_assets.assets.idm_checkpoint import worker as idm_checkpoint
from nitro_assets.runtime.job import Job, make

def killed(done, told):
    if told.startswith("step") and done > 0.7:
        os.kill(os.getpid(), signal.SIGKILL)

torch.set_num_threads(int(sys.argv[1]))
settings = Settings()
make(Job(settings, Lake(settings), ASSETS["idm_checkpoint"], killed), idm_checkpoint.build, "tiny")
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "recipes"
    (root / "idm").mkdir(parents=True)
    (root / "idm" / "tiny.yaml").write_text(yaml.safe_dump(recipes.read("idm", "window") | TINY))
    monkeypatch.setenv(recipes.SETTING, str(root))
    return root


@pytest.fixture
def published(settings: Settings, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The site is up, NitroGen's shard is read; the videos' keys by their names."""
    home = tmp_path / "a site"
    played = {
        name: record(GAME, FRAMES, seed, home / "videos" / f"{name}.mp4", labelled=True)
        for seed, name in enumerate(VIDEOS, 1)
    }
    wrong: dict[str, Actions] = {
        "late": shifted(played["late"].actions, 4),
        "upside_down": upright(played["upside_down"].actions, "j_left_y"),
        "unrelated": played["sound1"].actions,
    }
    entry = {"channel": "ours", "licence": "CC0-1.0", "date": "2026-01-01", "description": "Licence: CC0-1.0"}
    (home / "site.json").write_text(json.dumps([{"id": n, "title": n, "file": f"{n}.mp4", **entry} for n in VIDEOS]))
    with serve(home) as site:
        told = [replace(r, actions=wrong.get(name, r.actions)) for name, r in played.items()]
        shown = [Published(r, "generic", n, f"{site}/watch/{n}") for n, r in zip(VIDEOS, told, strict=True)]
        write_shard(Path(settings.nitrogen), 0, shown)
        lake = Lake(settings)
        make(Job(settings, lake, ASSETS["nitrogen_actions"], lambda *_: None), nitrogen_actions.build, "SHARD_0000")
        rows = lake.read("nitrogen_videos").select("address", "video_key").collect()
        yield {address.rsplit("/", 1)[1]: key for address, key in rows.iter_rows()}


def test_faulty_labels_are_put_right_or_refused_and_a_killed_worker_goes_on(
    lake: Lake, settings: Settings, recipe: Path, published: dict[str, str]
) -> None:
    run = [sys.executable, "-c", KILLED, str(torch.get_num_threads())]
    killed = subprocess.run(run, check=False, capture_output=True, env={**os.environ, **environment(settings)})
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    (state,) = settings.training.glob("*/*/*/last.ckpt")
    assert not any(key in str(state) for key in published.values())

    steps: list[float] = []

    def watched(done: float, told: str) -> None:
        if told.startswith("step"):
            steps.append(done)

    job = Job(settings, lake, ASSETS["idm_checkpoint"], watched)
    record, outcome = make(job, idm_checkpoint.build, "tiny")
    assert min(steps) > 0.5, "it goes on from where it was killed"
    left = [p.name for p in settings.training.rglob("*") if p.is_file()]
    assert all(name == SEEN or name.startswith(CURVES) for name in left), "what is recorded leaves only its curves"
    assert len(left) > 1

    counted = {"videos": 5, "judged": 5, "shifted": 1, "turned upright": 1, "refused, unrelated": 1}
    assert outcome.metadata["labels held against their pictures"] == counted
    assert job.checkpoints.card(record.version)["labels"] == counted
    told = {r.video_key: r.message for r in outcome.refused}
    assert set(told) == {published[name] for name in ("late", "upside_down", "unrelated")}
    assert "4/30 s too late, shifted" in told[published["late"]]
    assert "j_left_y upside down, turned" in told[published["upside_down"]]
    assert "don't belong to the picture" in told[published["unrelated"]]
    rejects = lake.read("rejects").filter(pl.col("scope") == "idm_checkpoint:tiny").collect()
    assert set(rejects["video_key"]) == set(told)
    assert published["unrelated"] not in {edge.video_key for edge in outcome.edges}
    assert {edge.video_key for edge in outcome.edges} == {published[n] for n in VIDEOS if n != "unrelated"}

    steps.clear()
    assert make(job, idm_checkpoint.build, "tiny")[0].version == record.version
    assert min(steps) < 0.5, "and a training that was never killed ends in the same checkpoint"


def test_a_training_that_would_start_its_worker_again_is_refused_at_once(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = load_recipe("quick").model_copy(update={"hardware": Hardware(devices=2, strategy="ddp")})
    monkeypatch.setattr(idm_checkpoint, "load_recipe", lambda name: two)
    job = Job(settings, lake, ASSETS["idm_checkpoint"], lambda *_: None)
    with pytest.raises(RecipeError, match=r"quick\.yaml: hardware: found strategy 'ddp' .* allowed is 'ddp_fork'"):
        idm_checkpoint.build(job, "quick")
