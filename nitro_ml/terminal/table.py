"""One way to show rows to people: a table that fits the terminal, and where it can't, a block a row.

Every cell is shown as the text it is: no markup, no control characters, whoever wrote it.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nitro_ml.terminal.screen import console

Cells = list[dict[str, str]]

GAP = 2
WORDS, PARTS = re.compile(r"\S+"), re.compile(r"[^\s/_]+[/_]*|[/_]+")
"""Where a line may end: after a word; or, where that doesn't fit, within a name, too, after its `_` and `/`."""
LONG_HEX = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{4,}\b")
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
UNITS = (("day", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def show(rows: Sequence[Mapping[str, Any]], title: str = "") -> None:
    """Print rows with the same keys; times from now, and keys by 12 digits where space is short."""
    screen = console()
    if title:
        screen.print(Text(plain(title), style="bold"))
    screen.print(table(rows, screen.width))


def tell(text: str, stderr: bool = False) -> None:
    """Print one message: broken between words in a terminal, one line elsewhere."""
    file = sys.stderr if stderr else sys.stdout
    if file.isatty():
        console(file=file).print(Text(plain(text)))
    else:
        print(plain(text), file=file, flush=True)


def table(rows: Sequence[Mapping[str, Any]], width: int) -> RenderableType:
    """The rows in at most `width` columns. Broken are lines, never words, as long as any word fits; one row alone that
    doesn't fit in a line is a block.
    """
    whole = [{name.replace("_", " "): cell(value) for name, value in row.items()} for row in rows]
    short = [{name: LONG_HEX.sub("\\1…", text) for name, text in row.items()} for row in whole]
    for cells, unit in ((whole, WORDS), (short, WORDS), (short, PARTS)):
        widths = _widths(cells, width, unit)
        if widths and (len(cells) > 1 or all(cell_len(text) <= widths[name] for name, text in cells[0].items())):
            return _table(cells, widths, unit, _numbers(rows))
    return Group(*_blocks(whole))


def cell(value: Any) -> str:
    """One value for people: no more digits than anybody reads, times from now, what isn't there as `-`."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, str) and ISO_TIME.fullmatch(value):
        value = datetime.fromisoformat(value)
    return ago(value) if isinstance(value, datetime) else plain(str(value))


def plain(text: str) -> str:
    """The text without what would move the cursor, colour the terminal or turn the line round."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def ago(at: datetime, now: datetime | None = None) -> str:
    """`3 min ago`, `in 2 days`; a time without a zone is UTC."""
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    seconds = ((now or datetime.now(UTC)) - at).total_seconds()
    unit, size = next(((u, s) for u, s in UNITS if abs(seconds) >= s), UNITS[-1])
    count = int(abs(seconds) // size)
    if not count:
        return "now"
    told = f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{told} ago" if seconds > 0 else f"in {told}"


def _widths(cells: Cells, room: int, unit: re.Pattern[str]) -> dict[str, int] | None:
    """Columns as wide as their longest unit at least, the widest ones narrowed first; None where that doesn't fit."""
    room -= GAP * (len(cells[0]) - 1)
    texts = {name: [name, *(row[name] for row in cells)] for name in cells[0]}
    widths = {name: max(map(cell_len, found)) for name, found in texts.items()}
    least = {name: max(map(cell_len, unit.findall(" ".join(found)))) for name, found in texts.items()}
    while sum(widths.values()) > room:
        wide = [name for name in widths if widths[name] > least[name]]
        if not wide:
            return None
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths


def _lines(text: str, width: int, unit: re.Pattern[str]) -> str:
    """The text in lines of at most `width`, broken after units only."""
    lines, end = [""], 0
    for found in unit.finditer(text):
        more = text[end : found.end()]
        if cell_len(lines[-1] + more) > width and lines[-1]:
            lines.append(more.lstrip())
        else:
            lines[-1] += more
        end = found.end()
    return "\n".join(lines)


def _numbers(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """The columns that are read from the right."""
    kinds = {name: {type(row[name]) for row in rows} - {type(None)} for name in rows[0]}
    return {name.replace("_", " ") for name, found in kinds.items() if found and found <= {int, float}}


def _table(cells: Cells, widths: Mapping[str, int], unit: re.Pattern[str], numbers: set[str]) -> Table:
    made = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_edge=False)
    for name, width in widths.items():
        made.add_column(Text(_lines(name, width, unit)), width=width, justify="right" if name in numbers else "left")
    for row in cells:
        made.add_row(*(Text(_lines(text, widths[name], unit)) for name, text in row.items()))
    return made


def _blocks(cells: Cells) -> list[RenderableType]:
    """A line a value, under its name's."""
    found: list[RenderableType] = []
    for row in cells:
        block = Table.grid(padding=(0, GAP, 0, 0))
        block.add_column(style="bold", no_wrap=True)
        block.add_column(overflow="fold")
        for name, text in row.items():
            block.add_row(Text(name), Text(text))
        found += [Text(""), block] if found else [block]
    return found
