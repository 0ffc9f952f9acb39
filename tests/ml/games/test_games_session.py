"""A video's story: every kind of moment is in it, looks like it, and has its own inputs."""

import itertools

import numpy as np
import pytest

from nitro_ml.games.pad import Pad
from nitro_ml.games.players.registry import sticky_random
from nitro_ml.games.recorder.annotated_frame import KINDS, AnnotatedFrame
from nitro_ml.games.recorder.scenario import kinds_of, scenario
from nitro_ml.games.registry import make
from nitro_ml.games.scenes.look import Look
from nitro_ml.games.scenes.screens import pause

FPS = 30


def story(seed: int, seconds: int) -> list[AnnotatedFrame]:
    game = make("pong", seed)
    chance, habits = np.random.default_rng(seed).spawn(2)
    return list(itertools.islice(scenario(game, sticky_random(game, habits), chance), seconds * FPS))


@pytest.fixture(scope="module")
def moments() -> list[AnnotatedFrame]:
    return story(5, 125)  # a video that shows the inputs in one stretch only


def test_every_kind_of_moment_comes_up_within_two_minutes(moments: list[AnnotatedFrame]) -> None:
    assert {m.kind for m in moments} == set(KINDS)
    assert all(m.image.shape == (240, 320, 3) and m.image.dtype == np.uint8 for m in moments)
    playing = sum(m.kind in ("active", "overlay") for m in moments)
    assert playing > 0.5 * len(moments)


def test_inputs_are_where_somebody_plays_or_chooses(moments: list[AnnotatedFrame]) -> None:
    held = {kind: [m.pad.buttons.any() or m.pad.sticks.any() for m in moments if m.kind == kind] for kind in KINDS}
    assert not any(held["idle"] + held["loading"] + held["intro"] + held["facecam"])
    assert np.mean(held["active"]) > 0.3
    assert np.mean(held["overlay"]) > 0.3
    assert np.mean(held["menu"]) > 0.05


def test_no_two_videos_look_alike(moments: list[AnnotatedFrame]) -> None:
    for kind in ("intro", "menu", "loading"):
        a, b = (next(m.image for m in video if m.kind == kind) for video in (moments, story(2, 12)))
        assert np.abs(a.astype(int) - b).mean() > 5


def test_the_cursor_of_a_pause_moves_when_it_is_told_to() -> None:
    rng = np.random.default_rng(0)
    shot = rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    moments = list(pause(Look.draw("Pong", rng), shot, 8 * FPS, FPS, rng))
    images = np.stack([m.image for m in moments]).astype(np.int16)
    moved = np.flatnonzero(np.abs(np.diff(images, axis=0)).max(axis=(1, 2, 3)) > 0)
    pressed = [False, *(m.pad.buttons.any() for m in moments)]
    assert len(moved) > 3
    assert all(pressed[i + 1] and not pressed[i] for i in moved)


def test_a_player_who_waits_for_long_is_idle_whatever_the_script_says() -> None:
    pads = [Pad.holding(["south"] if i < 30 or 200 <= i < 230 or i >= 270 else []) for i in range(300)]
    kinds = kinds_of([(pad, "active") for pad in pads], FPS)
    assert [(kind, len(list(run))) for kind, run in itertools.groupby(kinds)] == [
        ("active", 30),
        ("idle", 170),
        ("active", 100),
    ]
    assert set(kinds_of([(pad, "menu") for pad in pads], FPS)) == {"menu"}
