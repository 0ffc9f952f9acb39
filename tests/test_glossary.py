"""The glossary is kept: no name of the code is a word to avoid."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "glossary.md").read_text()
ROOMS = ("nitro_ml", "nitro_assets")
HEADER = "| Word | What it means | Whose word it is | Avoid |"
NAMED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def rows() -> list[list[str]]:
    """The cells of all tables, a row each."""
    tables = re.findall(rf"^{re.escape(HEADER)}\n\|[-|]+\|\n((?:\|.*\n)*)", PAGE, re.M)
    assert tables, f"docs/glossary.md: found no table with the header {HEADER!r}."
    return [[cell.strip() for cell in row.strip("|").split("|")] for text in tables for row in text.splitlines()]


def plain(name: str) -> str:
    """`_LastOne` as `last_one`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("_")).lower()


def names() -> Iterator[tuple[str, str]]:
    """Module and name of every module, class, function and method; a module's own is its file's or folder's."""
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield module, module.rpartition(".")[2]
        yield from ((module, node.name) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, NAMED))


def avoided() -> dict[str, set[str]]:
    """By word, the packages that it is avoided in; an empty name is all of them."""
    found = defaultdict[str, set[str]](set)
    for row in rows():
        for word in re.findall(r"`([^`]+)`", row[3]):
            package, _, name = word.rpartition(".")
            found[plain(name)].add(package)
    return found


def within(module: str, package: str) -> bool:
    return not package or f"{module}.".startswith(f"{package}.")


def test_no_name_is_a_word_to_avoid() -> None:
    words = avoided()
    used = [f"{module}: {n}" for module, n in names() if any(within(module, p) for p in words.get(plain(n), ()))]
    assert not used, f"docs/glossary.md has another word for: {used}. Rename them, or narrow what the page avoids."


def test_a_word_has_one_meaning() -> None:
    words = [row[0] for row in rows()]
    assert len(words) == len(set(words))
