"""What is printed for people: every text as it is, whatever brackets and colons a stranger has put into it."""

from typing import Any

from rich.console import Console  # noqa: TID251
from rich.progress import TextColumn  # noqa: TID251


def console(**options: Any) -> Console:
    """A console that reads no markup and no emoji codes in texts, tables and titles; `options` are rich's own."""
    return Console(markup=False, emoji=False, **options)


def text_column(text: str, **options: Any) -> TextColumn:
    """A column of a progress bar, filled in with a task's fields as they are."""
    return TextColumn(text, markup=False, **options)
