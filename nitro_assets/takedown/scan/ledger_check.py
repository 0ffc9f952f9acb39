"""The offline check: a folder copy of `ledger/` and `reports/` is all it takes. No lake, no secret, no trust in us.

It follows the whole chain, every signature and every approval, folds the requests again, and holds the reports against
what it found.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from nitro_assets.lake.ledger.entries import Entry
from nitro_assets.lake.ledger.ledger import HEAD, LedgerError, chain, check_head
from nitro_assets.lake.ledger.signing import is_signed
from nitro_assets.takedown.approve import PURPOSE, signed_text
from nitro_assets.takedown.report import check_report, to_markdown
from nitro_assets.takedown.requests import ALLOWED, TakedownError, fold


@dataclass(frozen=True)
class Verified:
    """What held: `head` is the last entry's hash, to be compared with what was published elsewhere."""

    entries: int
    requests: int
    reports: int
    key: str
    head: str


def verify(folder: Path, key: str | None = None) -> Verified:
    """Check `folder/ledger` and `folder/reports`. `key` is the public key as published, 64 hex digits.

    Raises `LedgerError` that names the first broken entry or report.
    """
    ledger = folder / "ledger"
    if not ledger.is_dir():
        raise LedgerError(
            f"{folder}: found no folder `ledger` in it; needed is a copy of the lake's ledger and reports."
        )
    files = [(p.name, p.read_bytes()) for p in sorted(ledger.glob("*.json")) if p.name != HEAD]
    entries = chain(files, [], str(ledger))
    if key and entries[0].body["key"] != key.strip().lower():
        raise LedgerError(f"{ledger}: entry 00000000 holds another public key than the one given.")
    if not (ledger / HEAD).exists():
        raise LedgerError(f"{ledger}: {HEAD} is missing; without it a cut-off tail would not show.")
    check_head(entries, (ledger / HEAD).read_bytes(), str(ledger))
    _check_lives(entries, str(ledger))
    reports = sorted((folder / "reports").glob("*.json"))
    for path in reports:
        _check_report(path, entries)
    _check_missing(entries, reports, folder)
    requests = {e.request for e in entries if e.request}
    return Verified(len(entries), len(requests), len(reports), entries[0].body["key"], entries[-1].hash)


def _check_lives(entries: list[Entry], where: str) -> None:
    """Every event was allowed in its request's state, every approval signed by somebody registered before."""
    approvers: set[str] = set()
    lives: dict[str, list[Entry]] = {}
    for entry in entries:
        name = f"{where}: entry {entry.number:08d}"
        if entry.kind == "registered":
            approvers.add(entry.body["key"])
        if not entry.request:
            continue
        before = lives.setdefault(entry.request, [])
        state = fold(before)[entry.request].state if before else "unknown"
        if state not in ALLOWED[entry.kind]:
            raise LedgerError(f"{name}: {entry.kind} may not follow {state}.")
        if entry.kind == "approved":
            text = signed_text(entry.request, entry.body["plan_hash"])
            by = entry.body["approver"]
            if by not in approvers or not is_signed(by, PURPOSE, text, entry.body["signature"]):
                raise LedgerError(f"{name}: the approval is not signed by a registered approver.")
        before.append(entry)


def _check_report(path: Path, entries: list[Entry]) -> None:
    try:
        report = json.loads(path.read_text())
        check_report(report, entries)
        if path.with_suffix(".md").read_text() != to_markdown(report):
            raise TakedownError("says something else in Markdown than in JSON.")
    except (ValueError, KeyError, TypeError, OSError) as error:
        found = str(error) if isinstance(error, TakedownError) else f"can't be read ({type(error).__name__})."
        raise LedgerError(f"{path}: the report {found}") from error


def _check_missing(entries: list[Entry], reports: list[Path], folder: Path) -> None:
    """Every report that the ledger speaks of has to be there."""
    there = {json.loads(path.read_text())["hash"] for path in reports}
    for entry in entries:
        if entry.kind == "reported" and entry.body["report_hash"] not in there:
            raise LedgerError(f"{folder / 'reports'}: the report of entry {entry.number:08d} is missing.")
