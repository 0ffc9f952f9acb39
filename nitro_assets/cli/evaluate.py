"""`nitro evaluate`: any labels file beside any truth file, of anybody's. Needs no lake and no checkpoint."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nitro_ml.terminal.answer import AsJson, answer

if TYPE_CHECKING:
    from nitro_ml.evaluation.files import Pair


def evaluate(
    labels: Annotated[list[Path], typer.Option(help="A labels file, or a folder of them; may be repeated.")],
    truth: Annotated[list[Path], typer.Option(help="NitroGen's parquet or a folder of it; may be repeated.")],
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Default: the labels file's own, else 0.5.")
    ] = None,
    fps: Annotated[float, typer.Option(min=1, max=1000, help="Frames a second of files without `time`.")] = 30.0,
    labels_fps: Annotated[float | None, typer.Option(min=1, max=1000, help="Of labels files, if different.")] = None,
    as_json: AsJson = False,
) -> None:
    """The honest table: event F1 and average precision beside the baselines and the previous-frame oracle.

    Several videos of one game are measured together; files in folders belong together by name. Times are seconds from
    the first frame. Examples:

    nitro evaluate --labels labels.parquet --truth actions_raw.parquet

    nitro evaluate --labels mine/ --truth recordings/truth/ --json
    """
    from nitro_ml.evaluation.baselines import beside_baselines
    from nitro_ml.evaluation.files import common_thresholds, find, pair, read_pairs
    from nitro_ml.evaluation.table import rows

    pairs = read_pairs(pair(find(labels), find(truth)), fps, labels_fps or fps)
    samples = [p.sample for p in pairs]
    limits = common_thresholds(pairs) if threshold is None else threshold
    scores = beside_baselines(samples, limits, [s.truth for s in samples])
    for note in _notes(pairs):
        print(note, file=sys.stderr)
    table = rows({"": {name: s.to_dict() for name, s in scores.items()}})
    answer([{k: v for k, v in row.items() if k != "game"} for row in table], as_json)


def _notes(pairs: "list[Pair]") -> list[str]:
    """What a reader of the table has to know."""
    notes = ["most_frequent is taken from the truth itself, which flatters it."]
    if len(pairs) == 1:
        notes.append("another_video is missing: it takes the labels of a second video.")
    partly = [p for p in pairs if p.covered < 0.99]
    if partly:
        least = min(p.covered for p in partly)
        notes.append(
            f"{len(partly)} of {len(pairs)} labels files leave frames of the truth without a label (the worst covers "
            f"{least:.0%}); there, nothing counts as held."
        )
    return notes
