"""Which inputs can be seen: the game taken back and played on without them, in cases whose answer is known."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.inverse_dynamics.corpus import corpus
from nitro_ml.core.actions import BUTTONS, STICKS, Actions
from nitro_ml.core.labels import LabelsError, read_truth
from nitro_ml.core.observability import Visible
from nitro_ml.games import add_visible, make, player, save_truth
from nitro_ml.games.pad import actions_of
from nitro_ml.games.recorder.counterfactual import visible
from nitro_ml.games.recorder.record import record

SOUTH, LEFT, GUIDE = (BUTTONS.index(b) for b in ("south", "dpad_left", "guide"))


def held(frames: int, *spans: tuple[int, int, int]) -> Actions:
    """Actions with (button, from, to) held."""
    buttons = np.zeros((frames, len(BUTTONS)), bool)
    for button, start, stop in spans:
        buttons[start:stop, button] = True
    return Actions(buttons, np.zeros((frames, len(STICKS)), np.float32))


def test_a_shot_is_seen_and_a_second_press_while_it_flies_is_not() -> None:
    seen = visible("space_invaders", 1, held(110, (SOUTH, 80, 83), (SOUTH, 86, 89)), 30).buttons[:, SOUTH]
    assert seen[80]
    assert not seen[86:89].any()
    assert seen[:80].all()
    assert seen[89:].all()


def test_a_direction_is_seen_until_the_wall() -> None:
    seen = visible("breakout", 1, held(60, (LEFT, 10, 50)), 30).buttons[:, LEFT]
    assert seen[10:18].all()
    assert not seen[20:50].any()


def test_what_the_recording_does_not_last_to_show_is_not_seen() -> None:
    assert not visible("breakout", 1, held(12, (LEFT, 10, 12)), 30).buttons[11, LEFT]


@pytest.mark.parametrize(("game", "seen_at_most"), [("pong", 0.0), ("basic", 0.1), ("deadly_corridor", 0.1)])
def test_replays_repeat_so_that_a_button_without_a_use_is_not_seen(game: str, seen_at_most: float) -> None:
    running = make(game, 5)
    who = player("expert", running, np.random.default_rng(5))
    pads = []
    for _ in range(70):
        pads.append(who.act())
        if running.advance(pads[-1]).done:
            running.reset()
    actions = actions_of(pads)
    actions.buttons[:, GUIDE] = True
    seen = visible(game, 5, actions, 30)
    assert seen.buttons[:, GUIDE].mean() <= seen_at_most
    used = np.concatenate([actions.buttons, actions.sticks != 0], axis=1)
    used[:, GUIDE] = False
    assert np.concatenate([seen.buttons, seen.sticks], axis=1)[used].mean() > 0.5


def test_the_mask_is_part_of_the_truth_file(tmp_path: Path) -> None:
    recording = record("freeway", 60, 3, tmp_path / "x.mp4", screens=False)
    path, _ = save_truth(recording, tmp_path)
    assert read_truth(path).visible is None
    mask = add_visible(path, "freeway", 3)
    truth = read_truth(path)
    assert isinstance(truth.visible, Visible)
    assert (truth.visible.buttons == mask.buttons).all()
    assert (truth.visible.sticks == mask.sticks).all()
    assert (truth.actions.buttons == recording.actions.buttons).all()
    hidden = truth.actions.buttons & ~mask.buttons
    assert 0 < hidden.sum() < truth.actions.buttons.sum(), "some of what is held can't be seen"
    pl.read_parquet(path).drop("visible_south").write_parquet(path)
    with pytest.raises(LabelsError, match=r"x.actions.parquet: columns \['visible_south'\] are missing or not boolean"):
        read_truth(path)


def test_the_corpus_keeps_what_it_has_and_measures_what_is_tested_on(tmp_path: Path) -> None:
    first = corpus(tmp_path, minutes=0.03, games=["pong", "alien"])
    assert [v.split for v in first if v.game == "pong"] == ["train"] * 4 + ["calibrate", "test"]
    assert {v.split for v in first if v.game == "alien"} == {"test"}
    times = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.*")}
    assert len(times) == 3 * 12
    assert all((read_truth(v.truth).visible is None) == (v.split != "test") for v in first)
    first[0].truth.unlink()
    corpus(tmp_path, minutes=0.03, games=["pong", "alien"])
    changed = {p.name for p in tmp_path.rglob("*.*") if times[p] != p.stat().st_mtime_ns}
    assert changed == {"pong_00.mp4", "pong_00.actions.parquet", "pong_00.segments.parquet"}
