"""The report of a takedown: what was asked, found, removed, kept and rebuilt, when, and who agreed. Signed, for all.

It is made from the ledger's entries and the plan's and the eraser's counts, holds no raw identifier, and names the
ledger's head of its time, so that every published report is a witness against a ledger that was cut short.
"""

import json
from datetime import datetime
from typing import Any

from nitro_assets.lake.ledger.entries import Entry, digest
from nitro_assets.lake.ledger.signing import Signer, is_signed
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.requests import Request, TakedownError, advance

PURPOSE = "takedown report"
STEPS = {
    "quarantined": "blocked for every reader and writer",
    "verified": "found to be the requester's to ask",
    "planned": "everything that came from it listed",
    "approved": "plan approved",
    "bundled": "sealed recovery bundle made",
    "erasing": "erasure begun",
    "erased": "erased",
    "scanned": "looked for by the independent scanner",
    "rebuilt": "what came from it made again without it",
    "destroyed": "key of the recovery bundle destroyed",
}
Report = dict[str, Any]


def is_final(request: Request) -> bool:
    """Whether nothing can bring it back any more: there is no recovery bundle, or its key was destroyed."""
    bundled, destroyed = request.last("bundled"), request.last("destroyed")
    return bundled is None or (destroyed is not None and destroyed.number > bundled.number)


def make_report(lake: Lake, request: Request, details: dict[str, Any]) -> Report:
    """The report as it stands, unsigned. `details` are the tables `found`, `removed`, `kept` and `rebuilt`."""
    head = lake.ledger.entries()[-1]
    first, bundled = request.entries[0], request.last("bundled")
    quarantined = datetime.fromisoformat(first.at)
    final = is_final(request)
    return {
        "report": 1,
        "request": request.id,
        "standing": "erased" if final else "not yet erased",
        "recoverable_until": None if final or bundled is None else bundled.body["until"],
        "asked": {
            "at": request.asked_at,
            "named": first.body.get("named", "video"),
            "by_way_of": request.origin,
            "videos": len(request.block_keys),
            "channels": len(request.channels),
        },
        "seconds_to_quarantine": round((quarantined - datetime.fromisoformat(request.asked_at)).total_seconds(), 3),
        "steps": _steps(request.entries),
        "approvals": {
            "plan_hash": request.plan_hash,
            "needed": request.approvers_needed,
            "approvers": [e.body["approver"] for e in request.approvals],
        },
        "scan": dict(scanned.body) if (scanned := request.last("scanned")) else None,
        **details,
        "ledger": {"number": head.number, "hash": head.hash, "key": lake.ledger.entries()[0].body["key"]},
    }


def _steps(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    """Each event with the seconds since the one before."""
    found, before = [], datetime.fromisoformat(entries[0].at)
    for entry in entries:
        at = datetime.fromisoformat(entry.at)
        if entry.kind in STEPS:
            seconds = round((at - before).total_seconds(), 3)
            found.append({"step": entry.kind, "at": entry.at, "seconds": seconds, "entry": entry.number})
        before = at
    return found


def to_markdown(report: Report) -> str:
    """The same for people. Every value in it is a number, a hash, a time or a word of ours."""
    asked, approvals = report["asked"], report["approvals"]
    lines = [f"# Takedown {report['request']}: {report['standing']}", ""]
    if report["recoverable_until"]:
        lines += [f"A sealed recovery bundle can bring it back until {report['recoverable_until']}.", ""]
    what = f"{asked['videos']} videos" + (", and the channel's later ones" if asked["channels"] else "")
    lines += [
        f"Asked on {asked['at']}: a {asked['named']} ({what}). "
        f"In quarantine {report['seconds_to_quarantine']} s later.",
        "",
    ]
    lines += ["| step | what | at | seconds | ledger entry |", "|---|---|---|---|---|"]
    lines += [
        f"| {s['step']} | {STEPS[s['step']]} | {s['at']} | {s['seconds']} | {s['entry']} |" for s in report["steps"]
    ]
    people = len(approvals["approvers"])
    lines += ["", f"Approved by {people} {'people' if people != 1 else 'person'}: plan `{approvals['plan_hash']}`."]
    if approvals["needed"] < 2:
        lines.append("This lake is set to need one approval only; nobody else had to agree.")
    if scan := report["scan"]:
        result = "nothing was found" if scan["clean"] else f"{scan.get('findings', 'some')} traces were found"
        lines += ["", f"Scan: {result} in {scan.get('files', 0)} files of {scan.get('bytes', 0)} bytes."]
    for title in ("found", "removed", "kept", "rebuilt"):
        if rows := report.get(title):
            lines += ["", f"## {title.capitalize()}", "", *_table(rows)]
    ledger = report["ledger"]
    lines += ["", f"Ledger: entry {ledger['number']}, `{ledger['hash']}`, key `{ledger['key']}`.", ""]
    return "\n".join(lines)


def _table(rows: list[dict[str, Any]]) -> list[str]:
    columns = list(rows[0])
    cells = [" | ".join(str(row[c]).replace("|", "\\|").replace("\n", " ") for c in columns) for row in rows]
    return [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns), *(f"| {row} |" for row in cells)]


def publish(lake: Lake, settings: Settings, request: Request, details: dict[str, Any]) -> Report:
    """Sign the report, write it beside the ledger as JSON and Markdown, and record its hash."""
    report = make_report(lake, request, details)
    report_hash = digest(report)
    signed = report | {"hash": report_hash, "signature": Signer(settings.ledger_key).sign(PURPOSE, report_hash)}
    number = sum(e.kind == "reported" for e in request.entries) + 1
    folder = f"{lake.root}/reports"
    lake.fs.makedirs(folder, exist_ok=True)
    lake.fs.pipe_file(f"{folder}/{request.id}-{number}.json", json.dumps(signed, indent=1).encode())
    lake.fs.pipe_file(f"{folder}/{request.id}-{number}.md", to_markdown(signed).encode())
    advance(lake, request.id, "reported", {"report_hash": report_hash, "final": is_final(request)})
    return signed


def check_report(report: Report, entries: list[Entry]) -> None:
    """Raises `TakedownError` that says what is wrong with a report, given the whole ledger."""
    plain = {k: v for k, v in report.items() if k not in ("hash", "signature")}
    if digest(plain) != report.get("hash"):
        raise TakedownError("was changed: its hash is not that of its text.")
    if not is_signed(entries[0].body["key"], PURPOSE, report["hash"], str(report.get("signature"))):
        raise TakedownError("is not signed by the ledger's key.")
    number, hashed = report["ledger"]["number"], report["ledger"]["hash"]
    if number >= len(entries) or entries[number].hash != hashed:
        raise TakedownError(f"is witness to ledger entry {number:08d}, which is missing or was replaced.")
    if not any(e.kind == "reported" and e.body["report_hash"] == report["hash"] for e in entries):
        raise TakedownError("is not in the ledger.")


def read_reports(lake: Lake, request: str) -> list[str]:
    """The published reports of a request, as Markdown, oldest first."""
    lake.fs.invalidate_cache()
    paths = [p for p in lake.fs.ls(f"{lake.root}/reports", detail=False) if p.endswith(".md")]
    mine = sorted(p for p in paths if p.rsplit("/", 1)[-1].startswith(f"{request}-"))
    return [lake.fs.cat_file(path).decode() for path in mine]
