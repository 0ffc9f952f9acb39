"""What is decided from the figures: does filtering pay, and is one model better than another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nitro_ml.evaluation.events import EventCounts
from nitro_ml.evaluation.paired_bootstrap import Video, compare
from nitro_ml.evaluation.risk_coverage import measure, risk_limit


def test_a_confidence_that_knows_pays_and_one_that_doesnt_does_not() -> None:
    rng = np.random.default_rng(0)
    is_right = rng.random(4000) < 0.7
    knows = measure(np.where(is_right, 0.9, 0.1).astype(np.float32), is_right)
    assert (knows.risk_half, knows.pays) == (0, 0)
    assert knows.risk_all == pytest.approx(1 - is_right.mean())
    assert knows.error == pytest.approx(0.1)
    says_nothing = measure(np.full(4000, 0.7, np.float32), is_right)
    assert says_nothing.pays == pytest.approx(1)
    assert says_nothing.area == pytest.approx(says_nothing.risk_all)
    assert says_nothing.error < 0.02
    lies = measure(np.where(is_right, 0.1, 0.9).astype(np.float32), is_right)
    assert lies.risk_half == pytest.approx(2 * lies.risk_all)


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=60))
def test_curves_stay_in_their_bounds_and_end_at_the_whole(frames: list[tuple[float, bool]]) -> None:
    confidence, is_right = (np.array(part) for part in zip(*frames, strict=True))
    found = measure(confidence.astype(np.float32), is_right)
    assert found.risk[-1] == pytest.approx(1 - is_right.mean())
    assert all(-1e-9 <= r <= 1 + 1e-9 for r in [*found.risk, found.area])
    same = measure(confidence.astype(np.float32)[::-1], is_right[::-1])
    assert found.risk == pytest.approx(same.risk), "the order of the frames means nothing"


def videos(scores: dict[str, list[float]]) -> dict[str, Video]:
    """Videos with 200 events each, of which so many are found, and that average precision."""
    return {
        f"{game}{i}": Video(game, EventCounts(int(100 * s), 100, 100), s)
        for game, found in scores.items()
        for i, s in enumerate(found)
    }


OLD = {"pong": [0.5, 0.52, 0.48, 0.5], "golf": [0.6, 0.62, 0.58, 0.6]}


def test_a_model_better_on_every_video_is_better() -> None:
    verdict = compare(videos(OLD), videos({game: [s + 0.05 for s in found] for game, found in OLD.items()}))
    assert verdict.better
    assert verdict.difference == pytest.approx(0.05, abs=0.01)
    assert verdict.low > 0.03


def test_the_same_or_luck_on_one_video_is_not_better() -> None:
    assert not compare(videos(OLD), videos(OLD)).better
    lucky = videos(OLD | {"pong": [0.9, 0.5, 0.46, 0.48]})
    verdict = compare(videos(OLD), lucky)
    assert verdict.difference > 0.02
    assert not verdict.better
    assert "not surely better" in verdict.why


def test_no_game_is_sold_for_another() -> None:
    verdict = compare(videos(OLD), videos({"pong": [0.9, 0.92, 0.88, 0.9], "golf": [0.55, 0.57, 0.53, 0.55]}))
    assert verdict.low > 0
    assert not verdict.better
    assert "in golf" in verdict.why


def test_only_the_same_videos_are_compared() -> None:
    with pytest.raises(ValueError, match="found 8 and 4 videos"):
        compare(videos(OLD), videos({"pong": OLD["pong"]}))


def test_the_risk_limit_is_how_often_frames_at_its_place_are_wrong() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(40_000).astype(np.float32)
    curve = measure(confidence, rng.random(40_000) < confidence).to_dict()
    for keep in (0.9, 0.75, 0.5):
        limit = risk_limit(curve, keep)
        assert limit == pytest.approx(keep, abs=0.03)
        assert (confidence >= 1 - limit).mean() == pytest.approx(keep, abs=0.03)
