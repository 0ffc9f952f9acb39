"""Segments: what is kept of real recordings whose truth is known, and the rules one by one."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nitro_ml.actions import BUTTONS
from nitro_ml.arcade.record import record
from nitro_ml.labels import Labels
from nitro_ml.segments.features import FEATURES, features
from nitro_ml.segments.judge import REASONS, Rules, Segment, judge
from nitro_ml.segments.smoothing import runs, without_short_runs
from nitro_ml.video import read

FPS = 30


def seconds(truth: np.ndarray, segments: list[Segment]) -> Counter[tuple[str, str]]:
    """Seconds by (truth, reason given)."""
    found: Counter[tuple[str, str]] = Counter()
    for segment in segments:
        for kind, frames in Counter(truth[segment.first_frame : segment.last_frame]).items():
            found[str(kind), segment.reason] += frames / FPS  # type: ignore[assignment]
    return found


# In pong only a dot moves; in freeway much moves while the player does nothing; the corridor turns as a whole.
@pytest.mark.parametrize("game", ["pong", "freeway", "deadly_corridor"])
def test_screens_and_idle_stretches_are_dropped_and_play_is_kept(game: str, tmp_path: Path) -> None:
    recording = record(game, 45 * FPS, seed=14, out=tmp_path / "play.mp4", who="wanderer")
    rows, previous = [], None
    for frames in read(recording.video, 96):
        rows.append(features(frames.rgb, previous))
        previous = frames.rgb[-1]
    whole = recording.segments[:-1]  # the end of the file cuts the last stretch short
    truth = np.concatenate([["play" if s.kind == "active" else s.kind] * round((s.end - s.start) * FPS) for s in whole])
    n = len(recording.time)
    labels = Labels(
        recording.time, recording.actions.buttons.astype(np.float32), recording.actions.sticks, np.ones(n, np.float32)
    )
    found = seconds(truth, judge(np.concatenate(rows), labels))
    total = {kind: sum(s for (true, _), s in found.items() if true == kind) for kind in set(truth)}
    assert set(total) >= {"play", "menu", "loading"}
    assert found["play", "play"] >= 0.97 * total["play"]
    assert found["idle", "idle"] >= 0.9 * total.get("idle", 0.0)
    assert found["menu", "menu"] + found["loading", "loading"] >= 0.5 * (total["menu"] + total["loading"])


def living(n: int) -> np.ndarray:
    """Features of a game whose picture moves all over, all the time."""
    rows = np.zeros((n, len(FEATURES)), np.float32)
    rows[:, [FEATURES.index(name) for name in ("moving", "spread_x", "spread_y")]] = 0.2
    return rows


def held(n: int, **shares: float) -> Labels:
    """Labels of n frames in which each button is down for its share of every second, from the start of it on."""
    buttons = np.zeros((n, 17), np.float32)
    for name, share in shares.items():
        buttons[np.arange(n) % FPS < share * FPS, BUTTONS.index(name)] = 0.9
    return Labels(np.arange(n) / FPS, buttons, np.zeros((n, 4), np.float32), np.full(n, 0.8, np.float32))


def reasons(labels: Labels, **rules: float) -> list[tuple[str, int]]:
    """(reason, length in frames) of the segments of a living picture."""
    return [
        (s.reason, s.last_frame - s.first_frame)
        for s in judge(living(len(labels)), labels, Rules(**rules))  # type: ignore[arg-type]
    ]


def test_a_button_held_most_of_the_time_is_implausible_but_walking_and_accelerating_are_not() -> None:
    assert reasons(held(900, south=0.7)) == [("implausible", 900)]
    assert reasons(held(900, south=0.5)) == [("play", 900)]
    assert reasons(held(900, dpad_right=1.0, right_trigger=1.0)) == [("play", 900)]
    assert reasons(held(300, south=0.7)) == [("play", 300)]  # too short to tell


def test_more_buttons_at_once_than_a_hand_has_fingers_for_are_implausible() -> None:
    labels = held(600, dpad_up=0.5)
    labels.buttons[200:300, :7] = 1.0
    kinds = reasons(labels)
    assert [kind for kind, _ in kinds] == ["play", "implausible", "play"]
    assert abs(kinds[1][1] - 100) <= FPS


def test_low_confidence_and_waiting_are_judged_by_the_stretch() -> None:
    labels = held(900, dpad_up=0.9)
    labels.confidence[300:600] = 0.05
    labels.confidence[100:110] = 0.0
    assert [kind for kind, _ in reasons(labels)] == ["play", "low_confidence", "play"]
    labels = held(900, dpad_up=0.9)
    labels.buttons[300:350] = 0  # a wait that is part of playing
    labels.buttons[600:800] = 0
    labels.buttons[700] = 1.0  # one frame of noise doesn't end a pause
    kinds = reasons(labels)
    assert [kind for kind, _ in kinds] == ["play", "idle", "play"]
    assert abs(kinds[1][1] - 200) <= FPS


def test_a_tilted_stick_is_input() -> None:
    labels = held(300)
    labels.sticks[:, 2] = 0.5
    assert reasons(labels) == [("play", 300)]
    assert reasons(labels, stick=0.6) == [("idle", 300)]


def test_frames_in_batches_give_the_same_features_as_at_once() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (20, 24, 24, 3), dtype=np.uint8)
    whole = features(rgb)
    parts = [features(rgb[:1]), features(rgb[1:13], rgb[0]), features(rgb[13:], rgb[12])]
    assert np.array_equal(whole, np.concatenate(parts))
    assert features(rgb[:0]).shape == (0, len(FEATURES))
    assert (whole >= 0).all()
    assert (whole <= 1).all()


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, (120, len(FEATURES) + 21), elements=st.floats(0, 1, width=32)), st.floats(1, 60))
def test_any_input_is_covered_by_segments_without_gap_or_overlap(wild: np.ndarray, fps: float) -> None:
    rows, buttons, sticks = np.split(wild, [len(FEATURES), len(FEATURES) + 17], axis=1)
    labels = Labels(np.arange(120) / fps, buttons, sticks, wild[:, 0])
    segments = judge(rows, labels)
    assert [s.first_frame for s in segments] == [0, *(s.last_frame for s in segments[:-1])]
    assert segments[-1].last_frame == 120
    assert all(s.start < s.end and s.reason in REASONS and s.keep == (s.reason == "play") for s in segments)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=60), st.integers(1, 8))
def test_no_run_stays_short_unless_it_is_the_only_one(values: list[int], length: int) -> None:
    joined = without_short_runs(np.array(values), length)
    spans = list(runs(joined))
    assert len(joined) == len(values)
    assert set(joined) <= set(values)
    assert len(spans) == 1 or min(last - first for first, last in spans) >= length


def test_features_and_labels_must_be_of_the_same_frames() -> None:
    with pytest.raises(ValueError, match="one row per label"):
        judge(living(10), held(11))
    assert judge(living(0), held(0)) == []
