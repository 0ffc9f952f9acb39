"""The benchmarks' common part: figures against goals. What each benchmark measures is tested where its code is."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import decode
from benchmarks.figures import Figure, write
from benchmarks.inverse_dynamics import idm
from benchmarks.strangers.films import Kind, written
from benchmarks.strangers.pages import pages
from nitro_assets.cli import app


def test_a_goal_is_met_or_missed_in_its_own_direction(tmp_path: Path) -> None:
    figures = [
        Figure("speed", 0.9, "ratio", 0.95),
        Figure("bytes", 11.0, "bytes a frame", 12.0, better="lower"),
        Figure("seen", 3.0, "videos"),
    ]
    write(figures, tmp_path / "figures.json")
    found = json.loads((tmp_path / "figures.json").read_text())
    assert [f["met"] for f in found] == [False, True, None]
    assert set(found[0]) == {"name", "value", "goal", "unit", "better", "met"}


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(ValueError, match="'nosuch' is unknown"):
        CliRunner().invoke(app, ["bench", "nosuch"], catch_exceptions=False)


def test_decoding_is_measured_beside_the_null_decode() -> None:
    figures = decode.run(quick=True)
    assert [figure.goal for figure in figures if figure.name.endswith("1 core: nitro / null decode")] == [0.95]
    assert all(figure.value > 0 for figure in figures)


def test_the_models_are_measured_on_known_and_on_foreign_games() -> None:
    figures = {figure.name: figure for figure in idm.run(quick=True)}
    for kind, goal in (("trained", 0.90), ("unseen", 0.60)):
        assert figures[f"window, {kind} games: macro_ap"].goal == goal
        assert all(0 <= figures[f"{model}, {kind} games: macro_ap"].value <= 1 for model in idm.MODELS)
    assert all(0 < figures[f"{model}: training"].value < 1 for model in idm.MODELS)


def test_nothing_in_the_field_stops_another() -> None:
    assert [figure.value for figure in pages(quick=True)] == [20, 0, 0, 0]


def test_a_peer_that_does_not_run_is_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "decord.py").write_text("raise RuntimeError('libavutil is missing')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    clip = tmp_path / "warm.mp4"
    written(Kind(frames=5), clip)
    assert decode.runs("PyAV defaults", clip)
    assert not decode.runs("decord", clip)
    assert "decord is left out" in capfd.readouterr().err
