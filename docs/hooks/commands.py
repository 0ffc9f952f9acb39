"""The reference of the commands, from the command line itself."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from nitro_assets.cli import app
from nitro_ml.evaluation.markdown import markdown_table

HEAD = """# Commands

This page shows what `nitro COMMAND --help` says. Every command answers in a table or, with `--json`, in JSON.
"""


def page() -> str:
    """Markdown: a section for every command."""
    return "\n".join(
        [HEAD, *(_section(words, command) for words, command in _commands(typer.main.get_command(app), "nitro"))]
    )


def _commands(group: Any, words: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


def _section(words: str, command: Any) -> str:
    text, *examples = re.split(r"Examples?:", command.help or "", maxsplit=1)
    rows = [
        {"Argument or option": f"`{_spelt(param)}`", "Meaning": _meaning(param), "Default": _default(param)}
        for param in command.params
        if param.name != "as_json"
    ]
    lines = [line.strip() for line in "".join(examples).splitlines() if line.strip()]
    shown = "\n".join(["```sh", *lines, "```\n"]) if lines else ""
    return "\n".join([f"## {words}\n", f"{text.strip()}\n", shown, markdown_table(rows) if rows else "", ""])


def _spelt(param: Any) -> str:
    return param.opts[0] if param.param_type_name == "option" else param.name.upper()


def _meaning(param: Any) -> str:
    return getattr(param, "help", None) or ""


def _default(param: Any) -> str:
    if param.required:
        return "required"
    if isinstance(param.default, bool):
        return "off"
    return "" if param.default in (None, "", ()) else f"`{param.default}`"
