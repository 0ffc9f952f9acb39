"""One order in which all models hold videos out."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nitro_ml.core.clip import Clip
from nitro_ml.models.idm.split import split
from nitro_ml.training.splits import choose
from tests.ml.idm.tiny_idm import TINY

SHARES = st.floats(0.05, 0.45)


@settings(max_examples=25, deadline=None)
@given(st.sets(st.text("abc/_0123", min_size=1, max_size=8), min_size=3, max_size=30), SHARES, SHARES)
def test_what_policies_hold_out_begins_with_what_the_idm_is_tested_on(
    videos: set[str], policies: float, idms: float
) -> None:
    none = np.zeros((0, 32, 32, 3), np.uint8)
    clips = [Clip(none, np.zeros(0), "pong", video) for video in sorted(videos)]
    recipe = TINY.model_copy(update={"test_share": idms, "calibration_share": 0.1})
    tested = {clip.group for clip in split(clips, recipe).test}
    held_out = choose(videos, policies)
    assert tested <= held_out or held_out <= tested
    assert tested == choose(videos, len(tested) / len(videos))
    assert choose(videos, policies) == choose(sorted(videos, reverse=True), policies)


def test_videos_that_made_the_labels_are_held_out_only_where_there_are_no_others() -> None:
    videos = [f"video{number}" for number in range(10)]
    first, second = choose(videos, 0.1), choose(videos, 0.2)
    assert choose(videos, 0.1, first) == second - first
    assert choose(videos, 0.2, videos) == second
