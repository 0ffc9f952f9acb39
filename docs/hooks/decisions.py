"""The index of the decision records, from their first lines."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "adr"
HEAD = """# Decisions

Each record says what was decided and why, and what was rejected, where others might ask. A record stays as it was
written. If it no longer holds, its first line says so, and so does this list. The numbers have gaps, because they were
given out in ranges.
"""
OUTDATED = re.compile(r"^(?:Superseded|Replaced)[^.,\n]*\]\([^)]+\)", re.M)


def page() -> str:
    """Markdown: a list of all records, by their numbers."""
    return f"{HEAD}\n" + "\n".join(map(_line, sorted(FOLDER.glob("[0-9]*.md")))) + "\n"


def _line(path: Path) -> str:
    text = path.read_text()
    title = re.match(r"# (.+)", text)
    outdated = OUTDATED.search(text)
    assert title, f"{path.name}: begins without a title"
    return f"- [{title[1]}]({path.name})" + (f" *{outdated[0]}*" if outdated else "")
