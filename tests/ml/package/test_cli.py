"""The commands over files: files in, files out, without a lake."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from nitro_ml import cli
from nitro_ml.core import labels_file
from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.files import parquet
from nitro_ml.core.files.output import OutputError
from nitro_ml.core.labels import Labels, read_labels
from nitro_ml.core.labels_file import write_labels
from nitro_ml.core.process import TUNING
from nitro_ml.training import checkpoint
from nitro_ml.video.decode import VideoError
from tests.ml.idm.tiny_idm import TINY, short
from tests.ml.moving import square_clip, write_video
from tests.ml.training.test_recordings import recorded

QUICK = short(TINY).model_copy(update={"layers": 0, "steps": 4})


@pytest.fixture(autouse=True)
def without_a_lake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests of this process may have imported what adds a lake's commands."""
    monkeypatch.setattr(cli, "surroundings", cli.Surroundings())


def run(*words: object) -> tuple[list[dict[str, object]], str]:
    done = CliRunner().invoke(cli.app, [*map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout), done.stderr


def test_train_takes_a_folder_and_gives_a_checkpoint_that_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        recorded(tmp_path, f"square_{number}", number)
    (tmp_path / "videos" / "square_3.mp4").write_bytes(b"cut")
    (tmp_path / "recipes" / "idm").mkdir(parents=True)
    recipe = QUICK.model_dump(mode="json", exclude={"name"})
    (tmp_path / "recipes" / "idm" / "tiny.yaml").write_text(yaml.safe_dump(recipe))
    monkeypatch.setenv("NITRO_RECIPES", str(tmp_path / "recipes"))
    (made,), told = run("train", tmp_path, "--recipe", "tiny", "--out", tmp_path / "models")
    assert "left out: VideoError: square_3.mp4: not a readable video" in told
    folder = Path(str(made["written"]))
    card = checkpoint.read_card(folder)
    assert (card["videos"], len(card["frames_by_video"])) == ({"train": 1, "calibration": 1, "test": 1}, 3)
    assert (folder / "card.md").is_file()
    (tmp_path / "mine").symlink_to(folder)
    loads: list[Path] = []
    load = checkpoint.load

    def counted(path: Path) -> Any:
        loads.append(path)
        return load(path)

    monkeypatch.setattr(checkpoint, "load", counted)
    out, video = tmp_path / "labels.parquet", tmp_path / "videos" / "square_0.mp4"
    (row,), _ = run("label", video, "--checkpoint", tmp_path / "mine", "--out", out)
    assert len(loads) == 1
    assert row["frames"] == len(read_labels(out)) == 60
    assert len(json.loads(parquet.metadata(out)["thresholds"])) == len(BUTTONS)


def part(labels: Labels, rows: slice) -> Labels:
    buttons, sticks, confidence = labels.buttons[rows], labels.sticks[rows], labels.confidence[rows]
    return Labels(labels.time[rows], buttons, sticks, confidence, labels.calibration)


@pytest.mark.parametrize("hard", [False, True])
def test_labels_are_written_as_they_come_and_are_those_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard: bool
) -> None:
    rng = np.random.default_rng(1)
    whole = Labels(
        np.arange(50) / 30,
        rng.random((50, 17), np.float32),
        rng.random((50, 4), np.float32),
        rng.random(50, np.float32),
        "pong",
    )
    thresholds = np.linspace(0.2, 0.8, 17, dtype=np.float32)
    stretches = [part(whole, rows) for rows in (slice(0, 7), slice(7, 7), slice(7, 30), slice(30, 50))]
    write_labels(tmp_path / "whole.parquet", whole, thresholds, hard=hard)
    monkeypatch.setattr(labels_file, "ROWS", 10)
    written = write_labels(tmp_path / "parts.parquet", iter(stretches), thresholds, hard=hard)
    assert (written.frames, written.calibration) == (50, "pong")
    assert written.mean_confidence == pytest.approx(float(whole.confidence.mean()))
    one, other = (pl.read_parquet(tmp_path / name) for name in ("whole.parquet", "parts.parquet"))
    assert one.equals(other)
    assert one["frame"].to_list() == list(range(50))
    assert one.schema["south"] == (pl.Boolean if hard else pl.Float32)


def test_nothing_is_left_of_labels_that_fail_half_way(tmp_path: Path) -> None:
    def stretches() -> Iterator[Labels]:
        yield Labels(np.zeros(1), np.zeros((1, 17), np.float32), np.zeros((1, 4), np.float32), np.ones(1, np.float32))
        raise VideoError("play.mp4: damaged after 0.03 s")

    with pytest.raises(VideoError, match="damaged"):
        write_labels(tmp_path / "labels.parquet", stretches())
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "play.mp4").touch()
    with pytest.raises(OutputError, match="this is the input"):
        write_labels(tmp_path / "play.mp4", [], inputs=[tmp_path / "play.mp4"])


def test_without_a_lake_a_checkpoint_has_to_be_named(tmp_path: Path) -> None:
    video = write_video(tmp_path / "play.mp4", square_clip(1, frames=4).frames[:])
    code = "import nitro_ml.cli as c; c.ADDED = 'none'; c.main()"  # whatever is installed here
    command = [sys.executable, "-c", code, "label", str(video), "--out", str(tmp_path / "labels.parquet")]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("CommandError: --checkpoint: none was named; needed is one of kind idm: a folder or")
    assert done.stderr.count("\n") == 1


def test_an_entry_point_speeds_its_process_up_unless_told_otherwise() -> None:
    code = (
        "import cv2, os; from nitro_ml.core.process import tune; tune(); print(cv2.getNumThreads(), dict(os.environ))"
    )
    env = {name: value for name, value in os.environ.items() if name not in TUNING}
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True)
    threads, environment = done.stdout.split(" ", 1)
    assert threads == "1"
    assert all(f"'{name}': '{value}'" in environment for name, value in TUNING.items())
