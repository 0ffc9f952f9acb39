"""What takes longer than two seconds says what it is, how far, and how long still; and what is quick says nothing."""

import time

import pytest

from nitro_ml.terminal import progress as module
from nitro_ml.terminal.progress import Course, lasting, progress


def test_what_is_left_goes_by_the_pace_of_the_part_under_way() -> None:
    course = Course("training", began=0.0)
    course.tell(0.0, "fetching", now=0.0)
    assert course.left(10.0) is None, "anybody's guess"
    course.tell(0.1, "fetching", now=10.0)
    assert course.left(10.0) == pytest.approx(90)
    course.tell(0.05, "step 1", now=20.0)
    assert course.left(20.0) is None, "a new part, with a pace of its own"
    course.tell(0.55, "step 11", now=40.0)
    assert course.left(40.0) == pytest.approx(18)
    assert course.state(40.0) == "55%, step 11, 40 s, about 18 s left"


def test_lines_come_soon_then_seldom_and_also_to_dagster(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "SOON", 0.05)
    monkeypatch.setattr(module, "TICK", 0.01)
    monkeypatch.setattr(module, "EVERY", 60.0)
    told: list[str] = []
    with progress("a thing", also=told.append) as tell:
        tell(0.5, "1 of 2")
        time.sleep(0.3)
    with progress("quick") as tell:
        tell(0.5, "1 of 2")
    printed = capsys.readouterr().err.splitlines()
    assert printed == told == ["a thing: 50%, 1 of 2, 0 s"]


@pytest.mark.parametrize(("seconds", "told"), [(3.4, "3 s"), (200, "3 min"), (9000, "2.5 h")])
def test_durations_are_for_people(seconds: float, told: str) -> None:
    assert lasting(seconds) == told
