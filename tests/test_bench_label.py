"""`nitro bench label` on tiny inputs: it runs, and finds exactly the shard that is stale."""

from benchmarks.labelling.label import run


def test_it_measures_every_stage_and_every_number_of_videos() -> None:
    figures = {figure.name: figure for figure in run(quick=True)}
    assert figures["whole labelling / its slower stage alone"].goal == 0.85
    assert figures["orchestration's share of a shard of one hour"].goal == 0.03
    assert len([name for name in figures if name.startswith("deciding what is stale")]) == 2
    assert all(figure.value > 0 for figure in figures.values())
