"""`python -m benchmarks.playing.plots FIGURES.json --out DIR`: what `nitro bench policy_study` found, as drawings.

One SVG a question: the arms' mean scores with their intervals; and what the answers depend on.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

ARMS = ("labels alone", "latent actions", "pseudo-labels", "true inputs")
LOW, HIGH = ", 95% interval from", ", to"

Values = Mapping[str, float]


def drawn(values: Values, names: Sequence[str], title: str, path: Path) -> None:
    """The figures `names`, each a bar with its interval, as an SVG that is the same for the same figures."""
    figure = Figure(figsize=(7, 0.9 + 0.32 * len(names)), layout="constrained")
    axes = figure.subplots()
    middle = [values[name] for name in names]
    spans = [
        [value - values.get(name + LOW, value) for name, value in zip(names, middle, strict=True)],
        [values.get(name + HIGH, value) - value for name, value in zip(names, middle, strict=True)],
    ]
    axes.barh(range(len(names)), middle, xerr=spans, color="#5f7fa8", height=0.6, error_kw={"linewidth": 1})
    axes.set_yticks(range(len(names)), [name.split(": ")[-1].removeprefix("sweep, ") for name in names], fontsize=8)
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.6)
    axes.set_xlabel("normalised score: the wanderer is 0, the expert 1", fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.set_title(title, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def draw(figures: Sequence[Mapping[str, Any]], out: Path) -> list[Path]:
    """An SVG for each question, and one for the sweeps, of those figures that are there."""
    values = {figure["name"]: float(figure["value"]) for figure in figures}
    questions = dict.fromkeys(name.rpartition(": ")[0] for name in values if name.endswith(": labels alone"))
    groups = {
        (str(n), q): [f"{q}: {arm}" for arm in ARMS if f"{q}: {arm}" in values] for n, q in enumerate(questions, 1)
    }
    swept = [n for n in values if n.startswith("sweep, ") and not n.endswith((LOW, HIGH, "right frames"))]
    if swept:
        groups["sweeps", "what the answer depends on"] = swept
    written = []
    for (part, title), names in groups.items():
        written.append(out / f"policy-study-{part}.svg")
        drawn(values, names, title, written[-1])
    return written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", type=Path, help="what `nitro bench policy_study --json` wrote")
    parser.add_argument("--out", type=Path, default=Path("docs/labbook"), help="the folder of the drawings")
    given = parser.parse_args()
    for made in draw(json.loads(given.figures.read_text()), given.out):
        print(made)
