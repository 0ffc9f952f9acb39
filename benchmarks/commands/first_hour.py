"""What people meet in their first hour: conditions anybody can foresee, each provoked, each to be answered in one line.

An answer counts where the exit status says that it failed, the line names the culprit and the mend, and nothing else is
printed: no traceback, no library's warning.
"""

import logging
import os
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from benchmarks.commands.apart import Answer, environment, usual
from benchmarks.commands.conditions import APART, HERE, Condition
from benchmarks.figures import Figure

GOAL = 30
"""So many conditions at least."""


def run(quick: bool = False) -> list[Figure]:
    """How many conditions there are, how many of them are answered as they must be, and how long the slowest took."""
    conditions = HERE[:3] if quick else (*HERE, *APART)
    answers = []
    for condition in conditions:
        with tempfile.TemporaryDirectory(prefix="nitro-first-hour-") as folder:
            there = condition.at(Path(folder))
            answer = provoke(there, Path(folder))
        answers.append((there.is_met(answer), answer))
        print(f"{'met ' if answers[-1][0] else 'MISSED'} {condition.name}: {' / '.join(answer.lines)}", file=sys.stderr)
    right = sum(met for met, _ in answers)
    return [
        Figure("conditions provoked", len(answers), "conditions", None if quick else GOAL),
        Figure("answered in one line, with the mend", right, "conditions", len(answers)),
        Figure("slowest answer", max(answer.seconds for _, answer in answers), "s"),
    ]


def provoke(condition: Condition, home: Path) -> Answer:
    """Make the condition under `home`, an empty folder, and give the answer."""
    (home / "nitrogen" / "actions" / "SHARD_0000").mkdir(parents=True)
    (home / "dagster").mkdir()
    condition.before(home)
    words, began = condition.command.split(), time.perf_counter()
    with environment(usual(home) | dict(condition.env)):
        found = condition.apart(words, home, dict(os.environ)) if condition.apart else here(words)
    return Answer(found.status, found.lines, time.perf_counter() - began)


def here(words: list[str]) -> Answer:
    """A command, or a worker by hand, in this process."""
    from nitro_assets.assets import ASSETS
    from nitro_assets.cli import main
    from nitro_assets.runtime import job

    out, err, argv, handlers = StringIO(), StringIO(), sys.argv, list(logging.getLogger().handlers)
    said: object = None
    try:
        # How far it is, where the machine is slow, is no part of the answer.
        with redirect_stdout(out), redirect_stderr(err), patch("nitro_ml.terminal.progress.SOON", 600.0):
            if words[0] == "worker":
                sys.argv = ["worker", "--partition", words[2]]
                job.run(words[1], import_module(ASSETS[words[1]].worker).build)
            else:
                sys.argv = ["nitro", *words]
                main()
    except SystemExit as end:
        said = end.code
    finally:
        sys.argv, logging.getLogger().handlers = argv, handlers
    lines = (out.getvalue() + err.getvalue() + (said if isinstance(said, str) else "")).splitlines()
    return Answer(said if isinstance(said, int) else int(said is not None), [line for line in lines if line.strip()])
