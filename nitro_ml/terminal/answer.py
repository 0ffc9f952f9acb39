"""How the commands answer: a table for people, JSON for programs, an error in one line."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from nitro_ml.terminal.table import show, tell

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def answer(rows: Sequence[Mapping[str, Any]], as_json: bool, title: str = "", empty: str = "nothing to show") -> None:
    """Print rows with the same keys: fitted to the terminal for people, whole for programs."""
    if as_json:
        print(json.dumps(list(rows), indent=1, default=_value))
    elif rows:
        show(rows, title)
    else:
        tell(empty)


def _value(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
