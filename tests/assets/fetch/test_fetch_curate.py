"""Curation: every rule rejects with a reason, and only what breaks one is rejected."""

from dataclasses import replace

import pytest

from nitro_assets.fetch.curate import Facts, Rules, unfit, verdict
from nitro_assets.settings import Settings

GOOD = Facts(
    title="Level 3, no commentary",
    description="Recorded at home.",
    game="pong",
    licence=None,
    duration=90.0,
    height=240,
    fps=30.0,
    live=False,
    age_limit=None,
)


@pytest.mark.parametrize("licence", [None, "CC0", "CC-BY-4.0", "Creative Commons Attribution license (reuse allowed)"])
def test_an_ordinary_video_is_kept(licence: str | None) -> None:
    assert verdict(replace(GOOD, licence=licence)).keep
    assert verdict(replace(GOOD, licence=licence), Rules(licence_needed=True)).keep == (licence is not None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"live": True}, "live"),
        ({"age_limit": 18}, "age limit: 18"),
        ({"game": None}, "game: unknown"),
        ({"duration": 5.0}, "duration: 5 s, allowed are 30 to 43200 s"),
        ({"duration": 1e6}, "duration: 1e+06 s"),
        ({"height": 144}, "resolution: 144 lines, needed are 200"),
        ({"fps": 12.0}, "frame rate: 12 a second"),
        ({"licence": "All rights reserved"}, "licence: not on the list"),
        ({"licence": "CC BY-NC-ND 4.0"}, "licence: not on the list"),
        ({"title": "Any% with input display"}, "overlay"),
        ({"description": "On screen: gamepad viewer"}, "overlay"),
    ],
)
def test_each_rule_rejects_with_its_reason(change: dict[str, object], reason: str) -> None:
    found = verdict(replace(GOOD, **change))  # type: ignore[arg-type]
    assert not found.keep
    assert found.reason.startswith(reason)
    assert found.again == ("later" if reason == "live" else "changed")


@pytest.mark.parametrize("change", [{"duration": None}, {"height": None}, {"duration": None, "height": None}])
def test_what_only_the_file_can_tell_is_left_to_it(change: dict[str, object]) -> None:
    found = verdict(replace(GOOD, fps=None, **change))  # type: ignore[arg-type]
    assert (found.keep, found.again) == (True, "later")
    assert found.reason.startswith("provisional: ")
    assert all(name in found.reason for name in change)


def test_the_limits_are_settings() -> None:
    rules = Rules.of(Settings(min_seconds=5, max_seconds=60, min_height=100, min_fps=5, licences="Own, MIT"))
    assert unfit(60.0, 100, 5.0, rules) is None
    for measures, named in (
        ((4.9, 100, 5.0), "NITRO_MIN_SECONDS"),
        ((61.0, 100, 5.0), "NITRO_MAX_SECONDS"),
        ((60.0, 99, 5.0), "NITRO_MIN_HEIGHT"),
        ((60.0, 100, 4.9), "NITRO_MIN_FPS"),
    ):
        assert named in (unfit(*measures, rules) or "")
    assert verdict(replace(GOOD, licence="own", duration=30.0), rules).keep
    assert "own, mit (NITRO_LICENCES)" in verdict(replace(GOOD, licence="CC0", duration=30.0), rules).reason
    assert Rules.of(Settings()) == Rules()
    assert Settings().limits == ""
    assert "min_fps=5" in Settings(min_fps=5).limits
