"""Figures against their goals: the file `NAME.py` below `benchmarks/` of the repository, run and shown."""

import importlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from nitro_assets.settings import ROOT
from nitro_ml.terminal.answer import answer
from nitro_ml.terminal.progress import progress

FOLDER = ROOT / "benchmarks"


class BenchmarkError(ValueError):
    """There is no such benchmark."""


def bench(
    name: Annotated[str, typer.Argument(help="The name of a benchmark, such as `label`.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file too.")] = None,
    quick: Annotated[bool, typer.Option(help="Run the same code on tiny inputs; its figures mean little.")] = False,
) -> None:
    """Run a benchmark, and print each figure beside its goal; a figure that misses its goal is shown as missed.

    Example: nitro bench label --json figures.json
    """
    found = benchmarks()
    if name not in found:
        raise BenchmarkError(f"benchmark {name!r} is unknown; there are: {', '.join(found) or 'none in this copy'}.")
    sys.path.insert(0, str(ROOT))
    from benchmarks.figures import write

    with progress(f"benchmark {name}"):
        figures = importlib.import_module(found[name]).run(quick=quick)
    if json_file:
        write(figures, json_file)
    verdict = {True: "met", False: "missed", None: "-"}
    answer([{**figure.row(), "met": verdict[figure.met]} for figure in figures], as_json=False)


def benchmarks() -> dict[str, str]:
    """The benchmarks of this copy, name to module: the files with a `run`, whichever room they lie in."""
    files = sorted(FOLDER.rglob("*.py"), key=lambda file: file.stem)
    return {
        file.stem: ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in files
        if "\ndef run(" in file.read_text()
    }
