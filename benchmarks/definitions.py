"""How long Dagster takes to load the definitions, beside importing Dagster alone: processes, in turns."""

import subprocess
import sys
import time
from statistics import median

from benchmarks.figures import Figure

PAIRS = 7
ALONE, ALL = "import dagster", "import nitro_assets.definitions"


def run(quick: bool = False) -> list[Figure]:
    """The ratio of the medians, and both of them."""
    seconds: dict[str, list[float]] = {ALONE: [], ALL: []}
    for _ in range(1 if quick else PAIRS):
        for code, found in seconds.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            found.append(time.perf_counter() - started)
    alone, whole = (median(found) for found in seconds.values())
    return [
        Figure("loading the definitions over importing Dagster", whole / alone, "ratio", 1.5, "lower"),
        Figure("importing Dagster", alone, "s"),
        Figure("loading the definitions", whole, "s"),
    ]
