"""Label repair on recordings with injected faults, and on clean ones."""

import numpy as np
import pytest

from nitro_ml.actions import BUTTONS, STICKS, Actions
from nitro_ml.arcade import record
from nitro_ml.arcade.games import make
from nitro_ml.arcade.pad import actions_of
from nitro_ml.arcade.players import wanderer
from nitro_ml.nitrogen.align import Lag, inverted, lag, motion, offsets, response, shifted, upright
from nitro_ml.nitrogen.repair import density, repair
from nitro_ml.video import read

LEFT, RIGHT, SOUTH = (BUTTONS.index(b) for b in ("dpad_left", "dpad_right", "south"))


def played(game: str, frames: int, seed: int) -> Actions:
    """What the wanderer holds, without a picture."""
    running = make(game, seed)
    who = wanderer(running, np.random.default_rng(seed))
    pads = []
    for _ in range(frames):
        pads.append(who.act())
        if running.step(pads[-1]).done:
            running.reset()
    return actions_of(pads)


@pytest.mark.parametrize("game", ["boxing", "my_way_home"])
def test_clean_labels_are_left_alone(game: str) -> None:
    clean = played(game, 300, 1)
    mended = repair(clean)
    assert not mended.counts
    assert (mended.actions.buttons == clean.buttons).all()
    assert (mended.actions.sticks == clean.sticks).all()


def test_impossible_states_and_phantom_presses_are_undone_and_counted() -> None:
    clean = played("boxing", 300, 1)
    faulty = Actions(clean.buttons.copy(), clean.sticks)
    faulty.buttons[100:110, [LEFT, RIGHT]] = True
    free = [t for t in range(120, 290) if not clean.buttons[t - 1 : t + 2, SOUTH].any()][::5]
    faulty.buttons[free, SOUTH] = True
    mended = repair(faulty)
    assert mended.counts == {"impossible": 10, "phantom": len(free)}
    assert not mended.actions.buttons[100:110, [LEFT, RIGHT]].any()
    untouched = np.r_[0:99, 111:300]
    assert (mended.actions.buttons[untouched] == clean.buttons[untouched]).all()
    assert repair(mended.actions).actions.buttons.tolist() == mended.actions.buttons.tolist()


def test_density_counts_frames_with_anything_held_or_tilted() -> None:
    actions = Actions(np.zeros((10, 17), bool), np.zeros((10, 4), np.float32))
    actions.buttons[:2, SOUTH] = True
    actions.sticks[4] = 0.5
    actions.sticks[5] = 0.05
    assert density(actions) == pytest.approx(0.3)


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[np.ndarray, Actions]]:
    """Movement and labels of three videos of a game with sticks."""
    folder, found = tmp_path_factory.mktemp("walks"), []
    for seed in (1, 2, 4):
        recording = record("my_way_home", 450, seed, folder / f"{seed}.mp4", screens=False)
        rgb = np.concatenate([part.rgb for part in read(recording.video, 48)])
        found.append((motion(rgb), recording.actions))
    return found


def test_a_constant_offset_is_found_and_clean_videos_have_none(walks: list[tuple[np.ndarray, Actions]]) -> None:
    clean = [lag(moves, actions) for moves, actions in walks]
    assert offsets(clean) == [0, 0, 0]
    for wrong in (3, -4):
        moves, actions = walks[0]
        late = lag(moves, shifted(actions, -wrong))
        assert offsets([late, *clean[1:]]) == [wrong, 0, 0]
        assert lag(moves, shifted(shifted(actions, -wrong), wrong)).frames == clean[0].frames


def test_offsets_are_told_only_where_they_are_certain(walks: list[tuple[np.ndarray, Actions]]) -> None:
    rng = np.random.default_rng(0)
    assert lag(rng.normal(size=(449, 30)).astype(np.float32), walks[0][1]).frames is None
    assert offsets([Lag(1, 0.2), Lag(4, 0.2)]) == [None, None]
    assert offsets([Lag(1, 0.2), Lag(1, 0.2), Lag(2, 0.2), Lag(3, 0.2), Lag(None, 0.0)]) == [0, 0, 0, "doubtful", None]


def test_an_axis_upside_down_is_found_among_others(walks: list[tuple[np.ndarray, Actions]]) -> None:
    axis = "j_left_y"
    clean = [response(moves, actions, axis, late=1) for moves, actions in walks]
    assert inverted(clean) == [False, False, False]
    moves, actions = walks[1]
    turned = upright(actions, axis)
    assert (turned.sticks[:, STICKS.index(axis)] == -actions.sticks[:, STICKS.index(axis)]).all()
    assert inverted([clean[0], response(moves, turned, axis, late=1), clean[2]]) == [False, True, False]
    assert response(moves, actions, "j_right_y") is None
    assert inverted(clean[:2]) == [None, None]
