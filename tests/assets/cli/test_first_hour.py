"""Whatever can be foreseen is answered in one line that names the culprit and the mend."""

from pathlib import Path

import pytest

from benchmarks.commands.conditions import HERE, Condition
from benchmarks.commands.first_hour import provoke


@pytest.mark.parametrize("condition", HERE, ids=lambda c: c.name)
def test_what_can_be_foreseen_is_answered_in_a_line(condition: Condition, tmp_path: Path) -> None:
    there = condition.at(tmp_path)
    answer = provoke(there, tmp_path)
    assert there.is_met(answer), answer
