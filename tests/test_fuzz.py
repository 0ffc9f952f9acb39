"""A sample of the damaged files of `nitro bench fuzz`, which has all of them."""

from benchmarks.strangers.fuzz import run


def test_damaged_files_get_a_verdict_each_and_cost_nothing_else() -> None:
    figures = {figure.name: figure for figure in run(quick=True)}
    assert figures["damaged files"].value == 60
    assert figures["of them refused"].value > 20
    assert [name for name, figure in figures.items() if figure.met is False] == []
