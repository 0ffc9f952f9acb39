"""Curation: every rule rejects with a reason, and only what breaks one is rejected."""

from dataclasses import replace

import pytest

from nitro_assets.fetch.curate import Facts, Rules, verdict

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
        ({"duration": None}, "duration: unknown"),
        ({"duration": 5.0}, "duration: 5 s, allowed are 30 to 43200 s"),
        ({"duration": 1e6}, "duration: 1e+06 s"),
        ({"height": None}, "resolution: unknown"),
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
