"""What a scan has found, for people: what kind of place, where in it, which identifier in which form, and what to do.

Nothing here names the video: the scanner has taken its identifiers out of every path before it told of it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from nitro_assets.settings import Settings
from nitro_assets.stores import targets
from nitro_assets.takedown.scan.scan import Found

AGAIN = "run the erasure again: `nitro takedown run {request}`"
SOURCES = "remove the line that names it from the file, then `nitro takedown run {request}`"
UNREADABLE = "mend or remove the file, then `nitro takedown run {request}`"
SERVER = "delete it there, then `nitro takedown run {request}`"
BY_HAND = "remove it by hand: the request is done, and its identifiers are gone"
OF_A_TABLE = "make the partition again (`nitro run`): the lake's door leaves the video out"
_PARTITION = re.compile(r"/\w+=([^/]+)/")


@dataclass(frozen=True)
class Trace:
    """`kind`: a table, a checkpoint, the cache, ...; `where`: its partition or file; `found`: what and its form."""

    kind: str
    where: str
    found: str
    next: str

    def __str__(self) -> str:
        return f"{self.kind}, {self.where}: {self.found}; {self.next}"


def traces(settings: Settings, found: Iterable[Found], request: str = "") -> list[Trace]:
    """One a finding. `request`: whose, for the command that goes on with it; without one it is done already."""
    kinds = {(t.root or t.address).split("://")[-1]: t.kind for t in targets(settings)}
    return [_trace(kinds, each, request) for each in found]


def as_rows(found: Iterable[Trace]) -> list[dict[str, str]]:
    """For a table."""
    return [asdict(each) for each in found]


def _trace(kinds: Mapping[str, str], found: Found, request: str) -> Trace:
    kind, where = _place(kinds, found.where)
    mend = {"sources file": SOURCES, "database server": SERVER}.get(kind, AGAIN)
    if "could not be read" in found.what or "too deep" in found.what:
        mend = UNREADABLE
    if not request:
        mend = OF_A_TABLE if kind == "table" else BY_HAND
    return Trace(kind, where, found.what, mend.format(request=request))


def _place(kinds: Mapping[str, str], where: str) -> tuple[str, str]:
    """The kind of a place, and what in it is meant."""
    if where.startswith("database table "):
        return "database server", where.removeprefix("database ")
    within = (root for root in kinds if where == root or where.startswith((f"{root}/", f"{root} (")))
    root = max(within, key=len, default="")  # one place may lie in another
    rest = (where.removeprefix(root).lstrip("/") if root else "") or where
    kind = kinds.get(root, "temporary folder")
    return _table(rest) if kind == "table" else (kind, rest)


def _table(path: str) -> tuple[str, str]:
    name, _, rest = path.partition("/")
    if rest.startswith("_delta_log"):
        return "table's log", f"{name}: {rest.removeprefix('_delta_log/')}"
    partition = _PARTITION.search(f"/{rest}")
    file = rest.rsplit("/", 1)[-1] if partition else rest
    return "table", f"{name}{f', partition {partition[1]}' if partition else ''}: {file}"
