"""The card for people: figures, plots and limits, the same every time, and nobody's name in it."""

from pathlib import Path

import numpy as np
import pytest

from nitro_ml.calibration.label_calibrator import LabelCalibrator
from nitro_ml.core.clip import Clip
from nitro_ml.core.labels import Labels, concat
from nitro_ml.core.licence import TERMS
from nitro_ml.evaluation.worst_clips import filmstrip, worst_clip
from nitro_ml.models.idm.card import CARD, write_card
from nitro_ml.models.idm.config import load_recipe
from nitro_ml.models.idm.evaluate import by_video, evaluate
from nitro_ml.models.idm.split import split
from tests.ml.calibration.test_trust import play, trust

__all__ = ["trust"]  # the fixture
SECRET = "feedfacefeedface"


@pytest.fixture(scope="module")
def tested(trust: LabelCalibrator) -> list[tuple[Clip, Labels]]:
    found = []
    for game in ("pong", "tennis"):
        for seed in (40, 41):
            raw, truth = play(game, seed, frames=300)
            frames = np.zeros((300, 8, 8, 3), np.uint8)
            labels = concat(list(trust.label([raw], game)))
            found.append((Clip(frames, raw.time, game, f"{SECRET}-{game}{seed}", truth), labels))
    return found


def test_a_card_says_it_all_the_same_way_twice_and_names_no_video(
    trust: LabelCalibrator, tested: list[tuple[Clip, Labels]], tmp_path: Path
) -> None:
    figures = evaluate(tested, trust.calibration.thresholds, [])
    card = {
        **figures,
        **trust.card(),
        "recipe": {"name": "tiny"},
        "videos": {"train": 6, "calibration": 6, "test": 4},
        "frames_by_video": dict.fromkeys(figures["held_out"], 300),
    }
    rows = [{"game": "pong", "right": 0.5}]
    first, second = (write_card(tmp_path / name, card, "promoted: it is better", rows) for name in "ab")
    assert [p.name for p in first] == [CARD, "reliability.png", "confidence.png", "risk.png"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    text = first[0].read_text()
    for part in ("1200 frames of 4 videos", "always_released", "dpad_left", "Filtering pays", "promoted: it is", TERMS):
        assert part in text
    assert SECRET not in text
    assert "NITRO_RISK to keep 75%" in text
    assert figures["coverage"]["all"]["frames"] == 1200
    assert figures["coverage"]["all"]["risk_half"] <= figures["coverage"]["all"]["risk_all"]


def test_the_worst_stretch_is_the_one_that_is_most_wrong(tested: list[tuple[Clip, Labels]], tmp_path: Path) -> None:
    clip, labels = tested[0]
    assert clip.actions is not None
    broken = clip.actions.buttons.astype(np.float32)
    broken[150:200] = 1
    wrong = Labels(labels.time, broken, labels.sticks, labels.confidence)
    found = worst_clip([(clip, wrong)], np.full(17, 0.5, np.float32))
    assert found.first <= 150 < 200 <= found.last
    assert found.correct == pytest.approx(70 / 120, abs=0.05)
    filmstrip(found, tmp_path / "strip.png")
    assert (tmp_path / "strip.png").read_bytes().startswith(b"\x89PNG")


def test_videos_once_held_out_stay_so(tested: list[tuple[Clip, Labels]]) -> None:
    clip, recipe = tested[0][0], load_recipe("window")
    videos = [Clip(clip.frames, clip.time, "pong", f"video{i}", clip.actions) for i in range(9)]
    before = {c.group for c in split(videos[:5], recipe).test}
    for last in range(5, 10):
        assert {c.group for c in split(videos[:last], recipe, before).test} >= before
    trained_on = split(videos, recipe).train[0].group
    assert trained_on in {c.group for c in split(videos, recipe, [trained_on]).test}


def test_a_video_of_several_clips_is_one_video(trust: LabelCalibrator, tested: list[tuple[Clip, Labels]]) -> None:
    (clip, labels), *_ = tested
    found = by_video([(clip, labels), (clip, labels)], trust.calibration.thresholds)
    once = by_video([(clip, labels)], trust.calibration.thresholds)
    [(name, twice)] = found.items()
    assert twice.events.true == 2 * once[name].events.true
