"""The reference of the commands, from the command line itself."""

from collections.abc import Iterator
from typing import Any

import typer

from nitro_assets.cli import app
from nitro_ml.evaluation.markdown import markdown_table

HEAD = """# Commands

What `nitro --help` says. Every command answers in a table, and in JSON with `--json`.
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
    text, _, example = (command.help or "").partition("Example: ")
    rows = [
        {"": f"`{_spelt(param)}`", "What it says": _meaning(param)}
        for param in command.params
        if param.name != "as_json"
    ]
    shown = f"```sh\n{example.strip()}\n```\n" if example else ""
    return "\n".join([f"## {words}\n", f"{text.strip()}\n", shown, markdown_table(rows) if rows else "", ""])


def _spelt(param: Any) -> str:
    return param.opts[0] if param.param_type_name == "option" else param.name.upper()


def _meaning(param: Any) -> str:
    default = param.default
    given = f"default: {default}" if default not in (None, False, "", ()) and not callable(default) else ""
    needed = "required" if param.required else given
    return " ".join(part for part in (getattr(param, "help", None) or "", f"({needed})" if needed else "") if part)
