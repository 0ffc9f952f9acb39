"""The glossary is kept: no name of the code is a word to avoid, but for those that the page says are still to go."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "glossary.md").read_text()
ROOMS = ("nitro_ml", "nitro_assets")
STILL = "| Avoided | Where it still stands |"
NAMED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def rows(header: str) -> list[list[str]]:
    """The cells of all tables under a header, a row each."""
    tables = re.findall(rf"^{re.escape(header)}\n\|[-|]+\|\n((?:\|.*\n)*)", PAGE, re.M)
    assert tables, f"docs/glossary.md: found no table with the header {header!r}."
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
    for row in rows("| Word | What it means | Whose word it is | Avoid |"):
        for word in re.findall(r"`([^`]+)`", row[3]):
            package, _, name = word.rpartition(".")
            found[plain(name)].add(package)
    return found


def within(module: str, package: str) -> bool:
    return not package or f"{module}.".startswith(f"{package}.")


def test_only_what_is_still_to_be_renamed_has_a_name_to_avoid() -> None:
    words, used = avoided(), defaultdict[str, set[str]](set)
    for module, name in names():
        if any(within(module, package) for package in words.get(plain(name), ())):
            used[plain(name)].add(module)
    listed = {word.strip("`"): set(re.findall(r"`([^`]+)`", where)) for word, where in rows(STILL)}
    today = {word: used[word] for word in sorted(used)}
    assert listed == today, "The table `Still to be renamed` has to be:\n" + "\n".join(
        f"| `{word}` | {', '.join(f'`{module}`' for module in sorted(modules))} |" for word, modules in today.items()
    )


def test_a_word_has_one_meaning() -> None:
    words = [row[0] for row in rows("| Word | What it means | Whose word it is | Avoid |")]
    assert len(words) == len(set(words))
