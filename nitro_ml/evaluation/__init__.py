"""Honest metrics for inferred inputs: events, average precision, calibration, and the baselines beside them.

Why not button accuracy: buttons are almost always up and almost always unchanged, so that predicting nothing at all
scores over 95% on published samples. Every figure is given over all frames and, where it was measured which inputs can
be seen at all, over visible presses: see `Scores`.
"""

from nitro_ml.evaluation.baselines import BASELINES, ORACLE, with_baselines
from nitro_ml.evaluation.scores import Sample, Scores, evaluate, evaluate_many
from nitro_ml.evaluation.table import COLUMNS, button_rows, rows

__all__ = [
    "BASELINES",
    "COLUMNS",
    "ORACLE",
    "Sample",
    "Scores",
    "button_rows",
    "evaluate",
    "evaluate_many",
    "rows",
    "with_baselines",
]
