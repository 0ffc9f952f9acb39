"""Trust, on play whose logits are miscalibrated in a known way: what comes out means what it says."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nitro_ml.calibration.calibration import FLATTEST, POOLED, Scaling
from nitro_ml.calibration.held_out import HeldOutVideo
from nitro_ml.calibration.label_calibrator import LabelCalibrator, fit_label_calibrator
from nitro_ml.calibration.ood import OodScorer, fit_ood_scorer
from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.labels import Labels, concat
from nitro_ml.core.stream import Raw
from nitro_ml.evaluation.correctness import correct

USED = (BUTTONS.index("dpad_left"), BUTTONS.index("south"))
PRIOR = np.where(np.isin(np.arange(17), USED), 0.4, 0.0)
GAMES = {"pong": 0, "bowling": 1, "tennis": 2, "golf": 3}


def play(game: str, seed: int, *, noise: float = 1.0, frames: int = 900) -> tuple[Raw, Actions]:
    """Logits three times too sure of themselves and shifted by 2; `noise` blurs them. A game's features are its own."""
    rng = np.random.default_rng((seed, GAMES[game]))
    buttons = np.zeros((frames, 17), bool)
    for b in USED:
        spans = rng.integers(4, 30, frames)
        buttons[:, b] = np.repeat(rng.random(frames) < 0.4, spans)[:frames]
    hardness = 0.3 + 1.4 * (np.arange(frames) // 100 % 2)  # easy and hard stretches
    evidence = np.where(buttons, 2.0, -2.0) + rng.normal(0, noise, (frames, 17)) * hardness[:, None]
    logits = (3 * evidence + 2).astype(np.float32)
    home = np.random.default_rng(GAMES[game]).normal(0, 4, 24)
    features = (home + rng.normal(0, 1, (frames, 24))).astype(np.float32)
    raw = Raw(np.arange(frames) / 30, logits, np.zeros((frames, 4), np.float32), features)
    return raw, Actions(buttons, raw.sticks)


def look(games: Sequence[str]) -> OodScorer:
    return fit_ood_scorer([play(g, 90)[0] for g in games], [play(g, s)[0] for g in games for s in (0, 1)])


def seen(familiar: OodScorer, game: str, seed: int, noise: float = 1.0) -> HeldOutVideo:
    raw, truth = play(game, seed, noise=noise)
    return HeldOutVideo(raw, truth, game, familiar.of(raw))


@pytest.fixture(scope="module")
def trust() -> LabelCalibrator:
    """Knows pong, bowling and tennis; probes that left one of them out were far worse at it."""
    known = [g for g in GAMES if g != "golf"]
    familiar = look(known)
    foreign = [seen(look([k for k in known if k != g]), g, s, noise=4.0) for g in known for s in (0, 1)]
    return fit_label_calibrator([seen(familiar, g, s) for g in known for s in (0, 1)], foreign, PRIOR, familiar)


def labelled(
    trust: LabelCalibrator, game: str, seed: int, noise: float = 1.0, said: str | None = ""
) -> tuple[Labels, Actions]:
    raw, truth = play(game, seed, noise=noise)
    return concat(list(trust.label([raw], game if said == "" else said))), truth


def was_right(trust: LabelCalibrator, labels: Labels, truth: Actions) -> np.ndarray:
    return correct(labels.hard(trust.calibration.thresholds(labels.calibration)).buttons, truth.buttons, labels.time)


def ece(labels: Labels, truth: Actions) -> float:
    p, held = labels.buttons[:, USED], truth.buttons[:, USED]
    which = (p * 10).astype(int).clip(0, 9)
    return sum(abs(p[which == b].sum() - held[which == b].sum()) for b in range(10)) / p.size


def test_too_sure_logits_become_probabilities(trust: LabelCalibrator) -> None:
    labels, truth = labelled(trust, "pong", 7)
    raw = play("pong", 7)[0]
    overconfident = (1 / (1 + np.exp(-raw.logits))).astype(np.float32)
    naive = Labels(raw.time, overconfident, raw.sticks, np.ones(len(raw.time), np.float32))
    assert ece(labels, truth) < 0.03 < 0.06 < ece(naive, truth)


def test_confidence_is_how_often_the_frame_is_right_wherever_it_says_so(trust: LabelCalibrator) -> None:
    found = [labelled(trust, game, seed) for game in ("pong", "tennis") for seed in range(20, 26)]
    confidence = np.concatenate([la.confidence for la, _ in found])
    truly = np.concatenate([was_right(trust, *pair) for pair in found])
    assert abs(confidence.mean() - truly.mean()) < 0.03
    sure = confidence > confidence.mean()
    assert truly[sure].mean() > truly[~sure].mean() + 0.1
    for part in (sure, ~sure):
        assert abs(confidence[part].mean() - truly[part].mean()) < 0.05


def test_an_unseen_game_gets_less_confidence_and_about_as_much_as_it_deserves(trust: LabelCalibrator) -> None:
    home, _ = labelled(trust, "pong", 30, said=None)
    away, truth = labelled(trust, "golf", 30, noise=4.0)
    assert (home.calibration, away.calibration) == (POOLED, POOLED)
    truly = was_right(trust, away, truth).mean()
    assert away.confidence.mean() < home.confidence.mean() - 0.2
    assert abs(away.confidence.mean() - truly) < 0.1


def test_a_foreign_game_under_a_known_name_is_noticed(trust: LabelCalibrator) -> None:
    claimed, truth = labelled(trust, "golf", 31, noise=4.0, said="Pong")
    at_home, _ = labelled(trust, "pong", 31)
    assert claimed.calibration == at_home.calibration == "pong"
    assert claimed.confidence.mean() < at_home.confidence.mean() - 0.2
    assert abs(claimed.confidence.mean() - was_right(trust, claimed, truth).mean()) < 0.1


def test_one_game_teaches_nothing_about_others() -> None:
    familiar = look(["pong"])
    alone = fit_label_calibrator([seen(familiar, "pong", s) for s in (0, 1)], [], PRIOR, familiar)
    assert labelled(alone, "golf", 3)[0].confidence.max() == 0
    assert labelled(alone, "pong", 3, said=None)[0].confidence.mean() > 0.5


def test_a_button_a_game_hardly_shows_takes_the_pooled_scaling(trust: LabelCalibrator) -> None:
    known = [g for g in GAMES if g != "golf"]
    familiar = look(known)
    videos = [seen(familiar, g, s) for g in known for s in (0, 1)]
    for h in videos:
        if h.game == "pong":
            h.truth.buttons[5:, USED[0]] = False
    calibration = fit_label_calibrator(videos, [], PRIOR, familiar).calibration
    assert calibration.games["pong"].own == ["south"]
    assert calibration.games["pong"].scale[USED[0]] == calibration.pooled.scale[USED[0]]
    assert calibration.games["tennis"].own == ["dpad_left", "south"]
    never = BUTTONS.index("guide")
    assert calibration.thresholds("pong")[never] == 1


def test_the_card_and_the_tensors_are_all_of_it(trust: LabelCalibrator) -> None:
    again = LabelCalibrator.read(trust.card(), trust.tensors())
    raw, _ = play("bowling", 3)
    for a, b in zip(trust.label([raw], "bowling"), again.label([raw], "bowling"), strict=True):
        np.testing.assert_array_equal(a.confidence, b.confidence)
        np.testing.assert_array_equal(a.buttons, b.buttons)


wild = arrays(np.float32, (40, 17), elements=st.floats(-1e4, 1e4, width=32))


@settings(max_examples=30)
@given(wild, st.sampled_from(["pong", "golf", None]))
def test_wild_logits_give_probabilities_in_their_order(
    trust: LabelCalibrator, logits: np.ndarray, game: str | None
) -> None:
    scaling = trust.calibration.of(game)
    soft = scaling.apply(logits)
    assert ((soft >= 0) & (soft <= 1)).all()
    order = np.argsort(logits, axis=0)
    assert (np.diff(np.take_along_axis(soft, order, axis=0), axis=0) >= 0).all()
    raw = Raw(np.arange(40) / 30, logits, np.zeros((40, 4), np.float32), logits[:, :1].repeat(24, axis=1))
    confidence = concat(list(trust.label([raw], game))).confidence
    assert ((confidence >= 0) & (confidence <= 1)).all()


def test_right_within_one_frame_of_time() -> None:
    truth = np.zeros((6, 17), bool)
    truth[2:4] = True
    time = np.arange(6) / 30
    late = np.roll(truth, 1, axis=0)
    assert correct(late, truth, time).all()
    assert correct(np.roll(truth, 2, axis=0), truth, time).tolist() == [True, True, False, True, True, False]
    assert not correct(np.zeros((6, 17), bool), truth, time)[2:4].any()
    assert not correct(np.ones((6, 17), bool), truth, time)[[0, 5]].any()
    at_60 = np.arange(12) / 60
    assert correct(late.repeat(2, axis=0), truth, at_60, time).all()
    assert not correct(truth, truth, time + 1, time).any()


def test_a_logit_that_says_the_opposite_is_hardly_believed() -> None:
    familiar = look(["pong"])
    raw, truth = play("pong", 0)
    liar = HeldOutVideo(Raw(raw.time, -raw.logits, raw.sticks, raw.features), truth, "pong", familiar.of(raw))
    scaling: Scaling = fit_label_calibrator([liar], [], PRIOR, familiar).calibration.of("pong")
    assert scaling.scale[USED[0]] == FLATTEST
    share = truth.buttons[:, USED[0]].mean()
    assert scaling.apply(liar.raw.logits)[:, USED[0]].mean() == pytest.approx(share, abs=0.01)
