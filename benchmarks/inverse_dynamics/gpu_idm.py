"""How good the large recipe gets in a few minutes on one GPU, by the corpus and the scores of the benchmark `idm`."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.figures import Figure
from benchmarks.inverse_dynamics.corpus import TRAINED, UNSEEN
from benchmarks.inverse_dynamics.idm import MINUTES, TINY, Bench, measure
from benchmarks.labelling.corpus import there
from nitro_assets.settings import ROOT

MODELS = ("window_h200",)
SHORT: dict[str, Any] = {"steps": 1800, "check": 450, "probe_share": 0.02}
"""Of the recipe's 100,000 steps as many as take about four minutes on an H200."""


def run(quick: bool = False) -> list[Figure]:
    """The figures of the benchmark `idm` for the large recipe; its goals are those of the laptop's."""
    if quick:
        with TemporaryDirectory() as scratch:
            changes = {**TINY, "requires": there()}
            return measure(Bench(Path(scratch), 0.3, ("pong", UNSEEN[0]), changes, MODELS), jobs=1)
    cores = len(os.sched_getaffinity(0))
    return measure(Bench(ROOT / "state" / "bench", MINUTES, (*TRAINED, *UNSEEN), SHORT, MODELS), cores)
