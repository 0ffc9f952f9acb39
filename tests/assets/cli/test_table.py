"""What people see fits their terminal, breaks no word that fits, and is the text it was, whoever wrote it."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from nitro_ml.terminal.answer import answer
from nitro_ml.terminal.table import ago, plain, table

KEY = "0123456789abcdef" * 2
NOW = datetime(2026, 1, 2, tzinfo=UTC)
WORD = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


def shown(rows: list[dict[str, object]], width: int = 80) -> list[str]:
    console = Console(file=StringIO(), width=width)
    console.print(table(rows, width))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # the StringIO


def test_a_narrow_terminal_breaks_lines_between_words() -> None:
    why = "pseudo_labels/0003 changed: 3 new videos, 2 of them of unlabelled games, and the risk changed"
    lines = shown([{"asset": "label_segments", "partition": "0003", "state": "stale", "why": why}])
    assert max(map(len, lines)) <= 80
    assert set(why.split()) <= set(" ".join(lines).split())


def test_long_keys_are_cut_before_a_table_is_given_up() -> None:
    lines = shown([{"video": KEY, "checkpoint": KEY, "asset": "world_model_checkpoint", "rows": 3, "made": NOW}])
    assert lines[1].split()[:2] == ["0123456789ab…"] * 2
    assert len(shown([{"video": KEY, "rows": 3}])[1].split()[0]) == 32, "whole where there is room"


def test_where_no_table_fits_each_value_has_its_own_line() -> None:
    lines = [line.strip() for line in shown([{"written": "/a/" + "x" * 70, "calibration_of": "y" * 40}])]
    assert lines == [f"written         /a/{'x' * 61}", "x" * 9, f"calibration of  {'y' * 40}"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(WORD, min_size=2, max_size=4), min_size=1, max_size=3), st.integers(30, 100))
def test_no_text_leaves_the_terminal_or_reaches_it_raw(texts: list[list[str]], width: int) -> None:
    wide = max(map(len, texts))
    rows: list[dict[str, object]] = [{f"c{i}": " ".join(row[i % len(row) :]) for i in range(wide)} for row in texts]
    for line in shown(rows, width):
        assert (
            Console(width=500)
            .measure(
                line,
            )
            .maximum
            <= width
            or len(line) <= width
        )
        assert plain(line) == line


def test_strangers_texts_are_neither_markup_nor_controls() -> None:
    text = "[red]fire[/red] :smile: [link=x]y \x1b[31mred\x1b[0m \u202eback"
    (_, line) = shown([{"title": text}])
    assert line.strip() == "[red]fire[/red] :smile: [link=x]y �[31mred�[0m �back"


@pytest.mark.parametrize(
    ("passed", "told"),
    [(0.2, "now"), (1, "1 s ago"), (150, "2 min ago"), (90_000, "1 day ago"), (-7200, "in 2 h")],
)
def test_times_are_told_from_now(passed: float, told: str) -> None:
    assert ago(NOW - timedelta(seconds=passed), NOW) == told


def test_programs_get_whole_values(capsys: pytest.CaptureFixture[str]) -> None:
    answer([{"key": KEY, "at": NOW, "share": 1 / 3, "none": None}], as_json=True)
    (found,) = json.loads(capsys.readouterr().out)
    assert found == {"key": KEY, "at": NOW.isoformat(), "share": 1 / 3, "none": None}
