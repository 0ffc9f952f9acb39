"""A request's way after it was verified: plan, carry out, rebuild, report. Each step is one entry, and may be killed.

What needs no person is done by `carry_on`: plan what is verified, carry out what is approved, report what is rebuilt.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from nitro_assets.assets import ASSETS
from nitro_assets.lake.lease import is_held, leased
from nitro_assets.lake.ledger.entries import canonical
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State
from nitro_assets.lineage.status import judge
from nitro_assets.settings import Settings
from nitro_assets.takedown import quarantine
from nitro_assets.takedown.approve import check_approvals, registered
from nitro_assets.takedown.erase.journal import in_all_rounds
from nitro_assets.takedown.erase.run import PlanOutgrownError, execute
from nitro_assets.takedown.intake.migrate import migrate
from nitro_assets.takedown.plan.plan import Plan, make_plan
from nitro_assets.takedown.report import is_final, publish
from nitro_assets.takedown.requests import Request, TakedownError, advance, advance_all, find, requests
from nitro_assets.takedown.scan.scan import Found
from nitro_assets.takedown.scan.targets import Tell
from nitro_assets.takedown.scan.traces import Trace, traces
from nitro_assets.takedown.workflow import recovery

RUN = ("approved", "erasing", "unclean")
"""States in which a request is carried out; an unclean one again."""


def plan(lake: Lake, settings: Settings, name: str) -> Plan:
    """Plan a verified request, or plan it again; approvals of an earlier plan count no more."""
    made = make_plan(lake, settings, find(lake, name))
    lake.fs.makedirs(f"{lake.root}/plans", exist_ok=True)
    lake.fs.pipe_file(f"{lake.root}/plans/{name}.json", canonical(made.to_dict()).encode())
    advance(lake, name, "planned", {"plan_hash": made.hash, "approvers": settings.approvers})
    return made


def standing_plan(lake: Lake, request: Request) -> Plan:
    """The plan whose hash the ledger holds. Raises `TakedownError` where there is none, or it was changed."""
    try:
        found = Plan.from_dict(json.loads(lake.fs.cat_file(f"{lake.root}/plans/{request.id}.json")))
    except FileNotFoundError as error:
        raise TakedownError(f"request {request.id}: has no plan; make one with `nitro takedown plan`.") from error
    if found.hash != request.plan_hash:
        raise TakedownError(f"request {request.id}: its plan was changed since it was planned; plan it again.")
    return found


def erase_approved(
    lake: Lake, settings: Settings, name: str, instance: Any = None, tell: Tell = lambda fraction, message: None
) -> Request:
    """Erase by the approved plan and scan; killed anywhere, call it again.

    Where another process is at the same request, it is waited for, and what it has come to is the answer. instance:
    Dagster's; tell(fraction, message) is told how far it is. Raises `TakedownError` where it isn't approved or the
    closure grew.
    """
    before = find(lake, name)
    if before.state not in RUN:
        raise TakedownError(f"request {name} is {before.state}; to be carried out it must be approved.")
    if is_held(lake, f"takedown/{name}"):
        tell(0, "another process carries this request out; waiting for it")
    with leased(lake, f"takedown/{name}", pause=0.2):
        request = find(lake, name)
        others = request.state != before.state or len(request.entries) > len(before.entries)
        if request.state not in RUN or (others and request.state == "unclean"):
            return request
        return _erase(lake, settings, request, instance, tell)


def _erase(lake: Lake, settings: Settings, request: Request, instance: Any, tell: Tell) -> Request:
    name = request.id
    check_approvals(request, registered(lake.ledger.entries()))
    made = standing_plan(lake, request)
    if request.state == "approved":
        recovery.bundle(lake, settings, request, made)
        request = advance(lake, name, "erasing", {"plan_hash": made.hash})
    done = execute(lake, settings, request, made, instance, tell)
    lake.fs.pipe_file(_found_path(lake, name), canonical([asdict(f) for f in done.found]).encode())
    scan = {"clean": done.clean, "findings": len(done.found), "files": done.files_scanned, "bytes": done.bytes_scanned}
    erased = {"plan_hash": made.hash, "rows": done.rows, "bytes": made.bytes}
    before = [("erased", name, erased)] if request.state == "erasing" else []
    return advance_all(lake, [*before, ("scanned", name, scan)])[-1]  # type: ignore[list-item]


def _found_path(lake: Lake, name: str) -> str:
    return f"{lake.root}/plans/{name}.found.json"


def found_in(lake: Lake, settings: Settings, request: Request) -> list[Trace]:
    """What the last scan of an unclean request found; nothing of any other's."""
    path = _found_path(lake, request.id)
    if request.state != "unclean" or not lake.fs.exists(path):
        return []
    return traces(settings, [Found(**fields) for fields in json.loads(lake.fs.cat_file(path))], request.id)


def finish(lake: Lake, settings: Settings, name: str) -> Request:
    """Report a scanned request once nothing that came from its videos is stale; again once it is final."""
    request = find(lake, name)
    if request.state == "reported" and is_final(request) and not _is_reported_final(request):
        return _report(lake, settings, request)
    if request.state == "scanned" and not any(verdict == "stale" for *_, verdict in rebuilt(lake, settings, request)):
        request = advance(lake, name, "rebuilt", {"artifacts": len(rebuilt(lake, settings, request))})
    return _report(lake, settings, request) if request.state == "rebuilt" else request


def is_due(lake: Lake, settings: Settings, request: Request) -> bool:
    """Whether `carry_on` would get any further with it."""
    if request.state in ("verified", "approved", "erasing", "rebuilt"):
        return True
    if request.state == "scanned":
        return not any(verdict == "stale" for *_, verdict in rebuilt(lake, settings, request))
    return recovery.is_over(request, datetime.now(UTC)) or (
        request.state == "reported" and is_final(request) and not _is_reported_final(request)
    )


def _is_reported_final(request: Request) -> bool:
    reported = request.last("reported")
    return reported is not None and bool(reported.body["final"])


def rebuilt(lake: Lake, settings: Settings, request: Request) -> list[tuple[str, str, str]]:
    """(asset, partition, verdict) of everything that came from its videos and still should exist."""
    state = State(lake, settings)
    made = sorted({(a.asset, a.partition) for a in standing_plan(lake, request).artifacts})
    return [(a, p, judge(state, ASSETS[a], p).verdict) for a, p in made if p in state.partitions(ASSETS[a])]


def _report(lake: Lake, settings: Settings, request: Request) -> Request:
    made = standing_plan(lake, request)
    scans = sum(entry.kind == "scanned" for entry in request.entries)
    steps = in_all_rounds(lake, request.id, made.hash, scans)
    details = {
        "found": [
            {"table": h.table, "partition": h.partition, "rows": h.rows, "bytes": h.bytes} for h in made.holdings
        ],
        "removed": [
            {"step": name, "seconds": step["seconds"], "count": sum(step["counts"].values())}
            for name, step in steps.items()
        ],
        "kept": [{"what": what, "why": why} for what, why in made.stays],
        "rebuilt": [{"asset": a, "partition": p, "state": v} for a, p, v in rebuilt(lake, settings, request)],
    }
    publish(lake, settings, request, details)
    return find(lake, request.id)


def carry_on(
    lake: Lake, settings: Settings, instance: Any = None, tell: Tell = lambda fraction, message: None
) -> list[tuple[str, str]]:
    """Take every request as far as it goes without a person; (request, why) of those that met trouble."""
    trouble = []
    migrate(lake, settings)
    for request in requests(lake):
        try:
            if request.state == "verified":
                plan(lake, settings, request.id)
            elif request.state in ("approved", "erasing"):
                erase_approved(lake, settings, request.id, instance, tell)
            if recovery.is_over(find(lake, request.id), datetime.now(UTC)):
                recovery.destroy(lake, settings, find(lake, request.id))
            finish(lake, settings, request.id)
            trouble += [(request.id, str(trace)) for trace in found_in(lake, settings, find(lake, request.id))]
        except PlanOutgrownError as error:
            plan(lake, settings, request.id)
            trouble.append((request.id, str(error)))
        except TakedownError as error:
            trouble.append((request.id, str(error)))
    return trouble


def lift(lake: Lake, settings: Settings, name: str) -> Request:
    """Take a request back: its videos are free again, their rows restored while a recovery bundle is there."""
    request = find(lake, name)
    ended = quarantine.lift(lake, settings, name)
    if request.last("bundled") and not is_final(request):
        recovery.restore(lake, settings, request)
        recovery.destroy(lake, settings, request)
    return ended
