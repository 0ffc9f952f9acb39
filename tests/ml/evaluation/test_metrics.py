"""The metrics on cases small enough to count by hand, and matching on wild ones."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.labels import Labels
from nitro_ml.core.observability import Visible
from nitro_ml.core.timeline import align, nearest
from nitro_ml.evaluation import COLUMNS, Sample, Scores, evaluate, evaluate_many, rows, with_baselines
from nitro_ml.evaluation.events import EventCounts, count, match

SOUTH, EAST = BUTTONS.index("south"), BUTTONS.index("east")
times = st.lists(st.integers(0, 40), max_size=7, unique=True).map(lambda x: np.array(sorted(x), np.int64))


def play(*spans: tuple[int, int, int], frames: int = 30) -> Actions:
    """Actions with (button, from, to) held."""
    buttons = np.zeros((frames, len(BUTTONS)), bool)
    for button, start, stop in spans:
        buttons[start:stop, button] = True
    return Actions(buttons, np.zeros((frames, 4), np.float32))


def said(actions: Actions, fps: float = 30.0) -> Labels:
    n = len(actions)
    return Labels(np.arange(n) / fps, actions.buttons.astype(np.float32), actions.sticks.copy(), np.ones(n, np.float32))


def score(guess: Actions, truth: Actions) -> Scores:
    return evaluate(said(guess), truth, np.arange(len(truth)) / 30)


def best(predicted: np.ndarray, true: np.ndarray, k: int) -> int:
    """The largest matching, by trying every order."""
    small, large = sorted((predicted, true), key=len)
    return max(
        sum(abs(a - b) <= k for a, b in zip(small, order, strict=True))
        for order in itertools.permutations(large, len(small))
    )


@given(times.filter(lambda x: len(x) <= 5), times.filter(lambda x: len(x) <= 5), st.integers(0, 3))
def test_matching_is_the_largest_there_is(predicted: np.ndarray, true: np.ndarray, k: int) -> None:
    assert match(predicted, true, k) == best(predicted, true, k)


@given(times, times, st.integers(0, 3), st.integers(-3, 3))
def test_matching_is_symmetric_one_to_one_and_allows_small_shifts(
    predicted: np.ndarray, true: np.ndarray, k: int, shift: int
) -> None:
    found = match(predicted, true, k)
    assert found == match(true, predicted, k) <= min(len(predicted), len(true))
    assert found <= match(predicted, true, k + 1)
    if abs(shift) <= k:
        assert match(true + shift, true, k) == len(true)


@settings(max_examples=60)
@given(times.filter(lambda x: len(x) <= 4), times.filter(lambda x: len(x) <= 4), st.integers(0, 2), st.data())
def test_what_cannot_be_seen_is_neither_found_nor_missed_nor_an_error(
    predicted: np.ndarray, true: np.ndarray, k: int, data: st.DataObject
) -> None:
    """By trying every matching: as many pairs as possible, then as few errors as possible."""
    known = np.array(data.draw(st.lists(st.booleans(), min_size=45, max_size=45)))
    guess, truth = (np.isin(np.arange(45), 2 * (x // 2) + 1) for x in (predicted, true))  # presses of one frame each
    scored = [t for t in np.flatnonzero(truth) if known[t - 1 : t + 1].all()]
    given = np.flatnonzero(guess).tolist()
    best_found = (-1, 0)
    for size in range(min(len(given), len(scored)) + 1):
        for chosen in itertools.combinations(given, size):
            for partners in itertools.permutations(scored, size):
                if all(abs(p - t) <= k for p, t in zip(chosen, partners, strict=True)):
                    left = [p for p in given if p not in chosen and known[max(0, p - 1 - k) : p + k + 1].all()]
                    best_found = max(best_found, (size, -len(left)))
    press, _ = count(guess, truth, k, known)
    assert press == EventCounts(best_found[0], best_found[0] - best_found[1], len(scored))
    assert count(guess, truth, k, np.ones(45, bool)) == count(guess, truth, k)


def test_hidden_frames_of_a_button_are_left_out_of_its_scores() -> None:
    truth = play((SOUTH, 5, 15), (EAST, 20, 25))
    mask = Visible.everything(30)
    mask.buttons[5:15, SOUTH] = False  # the whole press
    mask.sticks[10:, 0] = False
    guess = play((EAST, 20, 25))
    guess.sticks[10:, 0] = 0.5
    scores = evaluate_many([Sample(said(guess), truth, np.arange(30) / 30, "v", mask)])
    assert scores.visible is not None
    assert (scores.press_recall, scores.visible.press_recall) == (0.5, 1.0)
    assert scores.event_f1_1 == pytest.approx(2 / 3)
    assert scores.visible.event_f1_1 == 1.0
    assert scores.joint_accuracy == pytest.approx(20 / 30)
    assert scores.visible.joint_accuracy == 1.0
    assert (set(scores.buttons), set(scores.visible.buttons)) == ({"south", "east"}, {"east"})
    assert scores.macro_ap == pytest.approx((1 + 10 / 30) / 2)
    assert scores.visible.macro_ap == 1.0
    assert (scores.stick_mae > 0, scores.visible.stick_mae) == (True, 0.0)
    assert scores.visible.visible is None
    flat = rows({"square": {"model": scores.to_dict()}})
    assert [(r["name"], r["press_recall"]) for r in flat] == [("model", 0.5), ("model, visible presses", 1.0)]


def test_a_late_press_is_no_error_where_the_true_one_could_not_be_seen_at_first() -> None:
    truth = play((SOUTH, 5, 15)).buttons[:, SOUTH]
    known = np.ones(30, bool)
    known[5:9] = False
    late = play((SOUTH, 9, 15)).buttons[:, SOUTH]
    assert count(late, truth, 1, known) == (EventCounts(0, 0, 0), EventCounts(1, 1, 1))
    assert count(late, truth, 1) == (EventCounts(0, 1, 1), EventCounts(1, 1, 1))


def test_presses_and_releases_are_events_of_their_own() -> None:
    truth = play((SOUTH, 5, 10), (SOUTH, 20, 25)).buttons[:, SOUTH]
    guess = play((SOUTH, 6, 10), (SOUTH, 14, 16)).buttons[:, SOUTH]
    assert count(guess, truth, 1) == (EventCounts(1, 2, 2), EventCounts(1, 2, 2))
    assert count(guess, truth, 0) == (EventCounts(0, 2, 2), EventCounts(1, 2, 2))
    assert EventCounts(1, 2, 2).f1 == 0.5
    assert EventCounts().f1 == 1.0
    assert EventCounts().recall is None


def test_an_idle_guess_looks_good_frame_by_frame_and_finds_nothing() -> None:
    scores = score(play(), play((SOUTH, 10, 11)))
    assert scores.joint_accuracy == pytest.approx(29 / 30)
    assert (scores.event_f1_2, scores.press_recall, scores.macro_f1) == (0, 0, 0)


def test_a_guess_two_frames_late_counts_within_two_and_not_within_one() -> None:
    truth, late = play((SOUTH, 5, 15), (EAST, 20, 26)), play((SOUTH, 7, 17), (EAST, 22, 28))
    scores = score(late, truth)
    assert (scores.event_f1_1, scores.event_f1_2) == (0, 1)
    assert set(scores.buttons) == {"south", "east"}


def test_labels_meet_truth_by_time() -> None:
    truth = play((SOUTH, 5, 15))
    doubled = said(Actions(truth.buttons.repeat(2, 0), truth.sticks.repeat(2, 0)), fps=60)
    assert evaluate(doubled, truth, np.arange(30) / 30).joint_accuracy == 1
    short = said(truth[:10])
    assert evaluate(short, truth, np.arange(30) / 30).joint_accuracy == pytest.approx(28 / 30)  # held for 0.1 s more
    assert nearest(np.array([0.0, 1.0]), np.array([-1, 0.5, 0.6, 9])).tolist() == [0, 0, 1, 1]
    assert align(said(play(frames=0)), np.arange(2.0)).buttons.sum() == 0


def test_sticks_and_calibration() -> None:
    truth = Actions(play((SOUTH, 0, 15)).buttons, np.zeros((30, 4), np.float32))
    truth.sticks[:, 0] = np.linspace(-1, 1, 30)
    labels = said(truth)
    labels.buttons[:, SOUTH] = 0.75
    labels.sticks[:] += np.float32(0.1)
    scores = evaluate(labels, truth, labels.time)
    assert scores.stick_mae == pytest.approx(0.1, abs=1e-6)
    assert scores.stick_r2 == pytest.approx(1 - 0.01 / truth.sticks[:, 0].var(), abs=1e-4)
    assert scores.ece == pytest.approx(0.25)
    assert [(b.predicted, b.held, b.count) for b in scores.reliability] == [(0.75, 0.5, 30)]
    assert score(play(), play()).macro_ap is None


def test_baselines_see_nothing_and_the_oracle_shows_what_frames_are_worth() -> None:
    truths = [play((SOUTH, 5, 12), (EAST, 20, 22)), play((SOUTH, 14, 21))]
    samples = [Sample(said(t), t, np.arange(30) / 30, f"v{i}") for i, t in enumerate(truths)]
    table = with_baselines(samples, 0.5, truths)
    assert list(table) == ["model", "always_released", "most_frequent", "another_video", "copy_last_action"]
    assert table["model"].event_f1_1 == 1
    assert table["always_released"].event_f1_2 == table["another_video"].event_f1_1 == 0
    assert table["copy_last_action"].event_f1_1 == 1
    assert table["copy_last_action"].joint_accuracy > 0.8
    assert "another_video" not in with_baselines(samples[:1], 0.5, truths)
    flat = rows({"square": {name: s.to_dict() for name, s in table.items()}})
    assert set(flat[0]) == {"game", "name", *COLUMNS}


def test_videos_are_pooled_without_events_at_their_seams() -> None:
    held, free = play((SOUTH, 0, 30)), play()
    samples = [Sample(said(t), t, np.arange(30) / 30) for t in (held, free)]
    scores = evaluate_many(samples)
    assert (scores.frames, scores.press_recall, scores.event_f1_1) == (60, None, 1)
