"""How the commands answer: a table for people, JSON for programs, an error in one sentence."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.table import Table

from nitro_assets.screen import console

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]

KNOWN_ERRORS = (ValueError, RuntimeError, OSError)
"""What the rooms raise to say what is wrong and how to mend it; anything else is a bug and shows its traceback."""


def answer(rows: Sequence[Mapping[str, Any]], as_json: bool, title: str = "", empty: str = "nothing to show") -> None:
    """Print rows with the same keys."""
    if as_json:
        print(json.dumps(list(rows), indent=1, default=str))
        return
    if not rows:
        print(empty)
        return
    table = Table(title=title or None, title_justify="left")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def complain(error: Exception) -> None:
    """One error, on standard error."""
    if isinstance(error, ValidationError):
        lines = [
            f"NITRO_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']} (found {e['input']!r})" for e in error.errors()
        ]
        print("\n".join(lines), file=sys.stderr)
        return
    print(f"{error.__class__.__name__}: {error}", file=sys.stderr)
