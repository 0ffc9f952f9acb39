"""Segments: what is kept of a real recording whose truth is known, the rules one by one, and the parts of the judge."""

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.neural_network import MLPClassifier

from benchmarks import segments as benchmark
from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.labels import Labels
from nitro_ml.segments.borders import refined
from nitro_ml.segments.classifier import Classifier, Networks, pretrained, standard
from nitro_ml.segments.evaluate import Matches, macro_f1, matches
from nitro_ml.segments.features import FEATURES, FRAME, LEVELS, Features, FrameFacts, cells_moved, from_features
from nitro_ml.segments.filter import REASONS, Rules, filter_segments, segment_video
from nitro_ml.segments.smoothing import runs, viterbi, without_short_runs

FPS = 30


def test_the_benchmark_judges_a_game_that_was_not_fitted_on() -> None:
    figures = {figure.name: figure for figure in benchmark.run(quick=True)}
    assert figures["macro F1 per segment, true inputs"].value > 0.7
    assert figures["active play dropped in freeway, true inputs"].value < 0.1
    assert figures["macro F1 per segment, true inputs"].goal == 0.9


def held(n: int, **shares: float) -> Labels:
    """Labels of n frames in which each button is down for its share of every second, from the start of it on."""
    buttons = np.zeros((n, 17), np.float32)
    for name, share in shares.items():
        buttons[np.arange(n) % FPS < share * FPS, BUTTONS.index(name)] = 0.9
    return Labels(np.arange(n) / FPS, buttons, np.zeros((n, 4), np.float32), np.full(n, 0.8, np.float32))


def reasons(labels: Labels) -> list[tuple[str, int]]:
    """(reason, length in frames) of the segments of active play."""
    found = filter_segments(np.full(len(labels), "active"), labels, labels.hard().buttons, Rules())
    return [(s.reason, s.last_frame - s.first_frame) for s in found]


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


def test_the_chosen_risk_is_judged_by_the_stretch_and_of_play_only() -> None:
    labels = held(900, dpad_up=0.9)
    labels.confidence[300:600] = 0.05
    labels.confidence[100:110] = 0.0
    assert [kind for kind, _ in reasons(labels)] == ["play", "low_confidence", "play"]
    menu = filter_segments(np.full(900, "menu"), labels, labels.hard().buttons, Rules())
    assert [(s.reason, s.keep) for s in menu] == [("menu", False)]


def test_borders_move_to_the_cut_and_to_the_input() -> None:
    facts = np.zeros(90, FRAME)
    facts["motion"][40] = 50
    kinds = np.repeat(["menu", "active"], [34, 56])
    assert refined(kinds, facts, np.zeros(90, np.bool_), 1 / FPS).tolist() == ["menu"] * 40 + ["active"] * 50
    active = np.arange(90) >= 52
    kinds = np.repeat(["idle", "active"], [48, 42])
    assert refined(kinds, facts, active, 1 / FPS).tolist() == ["idle"] * 52 + ["active"] * 38
    still = np.repeat(["death", "active"], [50, 40])
    assert refined(still, np.zeros(90, FRAME), active, 1 / FPS).tolist() == still.tolist()


def noise(frames: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture that changes now and then, in a part of it, and times of which the steps are uneven."""
    rng = np.random.default_rng(0)
    rgb = np.repeat(rng.integers(0, 256, (1, side, side, 3), dtype=np.uint8), frames, axis=0)
    for frame in np.flatnonzero(rng.random(frames) < 0.4):
        rgb[frame:, : side // 3, frame % side :] = rng.integers(0, 256, (side // 3, side - frame % side, 3))
    return rgb, np.cumsum(rng.uniform(0.01, 0.06, frames))


@pytest.mark.parametrize("side", [24, 30, 100])
def test_frames_in_batches_give_the_same_facts_as_at_once(side: int) -> None:
    rgb, time = noise(150, side)
    whole, in_batches = Features()(rgb, time), Features()
    cuts = [slice(0, 1), slice(1, 13), slice(13, 13), slice(13, 150)]
    assert np.array_equal(whole, np.concatenate([in_batches(rgb[part], time[part]) for part in cuts]))
    assert len(Features()(rgb[:0], time[:0])) == 0
    assert whole["look"].max() <= LEVELS
    assert not whole["look"][~whole["looked"]].any()


def test_looks_are_a_fifth_of_a_second_apart_and_tell_what_moved_between_them() -> None:
    rgb, time = noise(150, 32)
    facts = Features()(rgb, time)
    assert np.array_equal(np.unique((time - time[0]) // 0.2), (time[facts["looked"]] - time[0]) // 0.2)
    luma = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in rgb]).astype(int)
    change = np.abs(np.diff(luma, axis=0, prepend=luma[:1]))
    assert np.array_equal(facts["motion"], np.rint(np.sqrt(change.mean(axis=(1, 2)) / 255) * LEVELS))
    corner = (change[:, :8, :8] > 10).any(axis=(1, 2))
    assert np.array_equal(cells_moved(facts)[:, 0], corner)
    first, last = np.flatnonzero(facts["looked"])[3:5]
    moving = (change[first + 1 : last + 1] > 10).mean()
    assert facts["look"][last, FEATURES.index("moving")] == np.rint(np.sqrt(moving) * LEVELS)


def wild_facts(wild: np.ndarray) -> FrameFacts:
    """Facts of [T] frames from numbers in [0, 1], [T, 51]."""
    return from_features(wild, np.arange(len(wild)) / FPS)


@settings(max_examples=40, deadline=None)
@given(arrays(np.float32, (120, len(FEATURES) + 21), elements=st.floats(0, 1, width=32)), st.floats(1, 60))
def test_any_input_is_covered_by_segments_without_gap_or_overlap(wild: np.ndarray, fps: float) -> None:
    rows, buttons, sticks = np.split(wild, [len(FEATURES), len(FEATURES) + 17], axis=1)
    labels = Labels(np.arange(120) / fps, buttons, sticks, wild[:, 0])
    segments = segment_video(wild_facts(rows), labels)
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


@given(arrays(np.float64, (5, 3), elements=st.floats(-4, 0)), st.floats(0, 3))
def test_the_likeliest_path_is_the_best_of_all(scores: np.ndarray, change: float) -> None:
    def total(path: tuple[int, ...]) -> float:
        return sum(scores[i, k] for i, k in enumerate(path)) - change * sum(a != b for a, b in itertools.pairwise(path))

    best = max(total(path) for path in itertools.product(range(3), repeat=5))
    assert total(tuple(viterbi(scores, change))) == pytest.approx(best)


@pytest.mark.parametrize("classes", [2, 4])
def test_networks_say_what_scikit_learn_says(classes: int) -> None:
    rng = np.random.default_rng(1)
    rows, truth = rng.normal(size=(200, 6)).astype(np.float32), rng.integers(0, classes, 200)
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    fitted = MLPClassifier((5,), max_iter=400, tol=0.05, n_iter_no_change=2, random_state=0).fit(
        standard(rows, mean, deviation), truth
    )
    ours = Networks.of([fitted], mean, deviation).log_probabilities(rows)
    assert np.allclose(np.exp(ours), fitted.predict_proba(standard(rows, mean, deviation)), atol=1e-5)


def test_a_classifier_is_read_as_it_was_written(tmp_path: Path) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    pretrained().save(first)
    Classifier.load(first).save(second)
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size < 300_000
    assert not set(pretrained().card["fitted_on"]["games"]) & set(pretrained().card["tested_on"]["games"])


def test_a_segment_matches_one_that_it_overlaps_by_half() -> None:
    true = np.repeat(["play", "menu", "play"], [10, 10, 10])
    found = np.repeat(["play", "menu", "play"], [10, 4, 16])
    assert matches(found, true, ["play", "menu"]) == {"play": Matches(2, 2, 2), "menu": Matches(1, 1, 0)}
    assert macro_f1(matches(found, true, ["play", "menu", "idle"])) == 0.5


def test_facts_and_labels_must_be_of_the_same_frames() -> None:
    facts = np.zeros(10, FRAME)
    with pytest.raises(ValueError, match="one row per label"):
        segment_video(facts, held(11))
    assert segment_video(facts[:0], held(0)) == []
