"""`nitro evaluate` on files as strangers have them."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from nitro_assets.cli import app
from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.labels import LabelsError, read_labels, read_truth
from nitro_ml.games.recorder.shard import actions_table

SOUTH = BUTTONS.index("south")
HOSTILE = Path(__file__).parents[2] / "ml" / "files" / "aborts_polars.parquet"


def play(seed: int, frames: int = 300) -> Actions:
    rng = np.random.default_rng(seed)
    buttons = np.zeros((frames, 17), bool)
    buttons[:, SOUTH] = np.repeat(rng.random(frames) < 0.4, rng.integers(3, 12, frames))[:frames]
    return Actions(buttons, np.zeros((frames, 4), np.float32))


def run(*arguments: object) -> tuple[dict[str, dict[str, float]], str]:
    found = CliRunner().invoke(app, ["evaluate", *map(str, arguments), "--json"])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return {row["name"]: row for row in json.loads(found.stdout)}, found.stderr


def refusal(*arguments: object) -> str:
    with pytest.raises(LabelsError) as error:
        run(*arguments)
    return str(error.value)


def test_nitrogens_own_folders_with_buttons_of_any_type(tmp_path: Path) -> None:
    for i, dtype in enumerate((pl.Boolean, pl.Int32, pl.Float64)):
        folder = tmp_path / "video" / f"video_chunk_{i:04d}"
        folder.mkdir(parents=True)
        actions_table(play(i), dtype).write_parquet(folder / "actions_raw.parquet")
    found, _ = run("--labels", tmp_path, "--truth", tmp_path)
    assert found["model"]["event_f1_1"] == found["model"]["macro_ap"] == 1
    assert found["model"]["frames"] == 900
    assert found["always_released"]["event_f1_2"] == 0


def test_soft_labels_of_several_videos_at_their_own_rate_and_thresholds(tmp_path: Path) -> None:
    for name in ("a", "b"):
        true = play(ord(name))
        doubled = Actions(true.buttons.repeat(2, axis=0), true.sticks.repeat(2, axis=0))
        soft = actions_table(doubled, pl.Float64).with_columns(pl.col("south") * 0.3, time=np.arange(600) / 60)
        (tmp_path / "mine").mkdir(exist_ok=True)
        facts = {"thresholds": json.dumps([0.25] * 17)}
        soft.write_parquet(tmp_path / "mine" / f"{name}.labels.parquet", metadata=facts)
        (tmp_path / "truth").mkdir(exist_ok=True)
        actions_table(true).write_parquet(tmp_path / "truth" / f"{name}.actions.parquet")
        pl.DataFrame({"start": [0.0]}).write_parquet(tmp_path / "truth" / f"{name}.segments.parquet")
    folders = ("--labels", tmp_path / "mine", "--truth", tmp_path / "truth")
    found, notes = run(*folders)
    assert found["model"]["event_f1_1"] == 1
    assert found["another_video"]["event_f1_1"] < 0.7
    assert "missing" not in notes
    assert run(*folders, "--threshold", 0.5)[0]["model"]["press_recall"] == 0
    shutil.copy(tmp_path / "mine" / "a.labels.parquet", tmp_path / "mine" / "c.parquet")
    assert "'c' has no truth" in refusal(*folders)


def test_files_without_times_take_the_rates_they_are_given(tmp_path: Path) -> None:
    true = play(1)
    actions_table(true).write_parquet(tmp_path / "truth.parquet")
    every_other = Actions(true.buttons[::2], true.sticks[::2])
    actions_table(every_other).write_parquet(tmp_path / "half.parquet")
    files = ("--labels", tmp_path / "half.parquet", "--truth", tmp_path / "truth.parquet")
    found, notes = run(*files, "--labels-fps", 15)
    assert found["model"]["event_f1_1"] == 1
    assert "another_video" not in found
    assert "another_video is missing" in notes
    found, notes = run(*files)
    assert found["model"]["event_f1_2"] < 0.7
    assert "covers 51%" in notes


def test_everything_else_is_refused_by_name(tmp_path: Path) -> None:
    good = tmp_path / "good.parquet"
    table = actions_table(play(2), pl.Float64)
    table.write_parquet(good)
    bad = {
        "text": table.with_columns(south=pl.lit("up")),
        "half": table.drop("south"),
        "over": table.with_columns(south=pl.lit(2.0)),
        "clock": table.with_columns(time=pl.lit("noon")),
        "back": table.with_columns(time=-np.arange(300) / 30),
        "sure": table.with_columns(confidence=pl.lit(7)),
    }
    said = {}
    for name, content in bad.items():
        path = tmp_path / f"{name}.parquet"
        content.write_parquet(path)
        with pytest.raises(LabelsError, match=f"^{name}.parquet: ") as error:
            read_labels(path)
        said[name] = str(error.value)
    assert "column time is String; allowed are numbers" in said["clock"]
    assert "['south'] are missing" in said["half"]
    table.with_columns(time=1000 + np.arange(300) / 30).write_parquet(tmp_path / "late.parquet")
    assert "don't meet" in refusal("--labels", tmp_path / "late.parquet", "--truth", good)
    table.head(0).write_parquet(tmp_path / "none.parquet")
    assert "none.parquet: no row" in refusal("--labels", tmp_path / "none.parquet", "--truth", good)
    table.with_columns(pl.col("south") * 0.5).write_parquet(tmp_path / "soft.parquet")
    with pytest.raises(LabelsError, match="buttons are 0 or 1"):
        read_truth(tmp_path / "soft.parquet")
    assert "reading it " in refusal("--labels", HOSTILE, "--truth", good)
    (tmp_path / "no.parquet").write_text("not at all")
    with pytest.raises(LabelsError, match="not a readable parquet file"):
        read_labels(tmp_path / "no.parquet")
    assert "not found" in refusal("--labels", tmp_path / "gone.parquet", "--truth", good)
