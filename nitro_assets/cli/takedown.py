"""Takedown from the command line: who asks, who agrees, what is done, and the proof."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from nitro_assets.cli.lake import home
from nitro_assets.lake.ledger.signing import Signer
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown import approve as approving
from nitro_assets.takedown import quarantine
from nitro_assets.takedown.intake import ownership, take_in
from nitro_assets.takedown.intake.targets import count_held
from nitro_assets.takedown.plan.page import page
from nitro_assets.takedown.requests import Request, TakedownError, find, requests
from nitro_assets.takedown.scan.ledger_check import verify as check
from nitro_assets.takedown.scan.traces import Trace, as_rows
from nitro_assets.takedown.workflow import carry_on
from nitro_ml.terminal.answer import AsJson, answer
from nitro_ml.terminal.progress import progress

app = typer.Typer(no_args_is_help=True, help="Take a video out of everything that came from it, and prove it.")

Id = Annotated[str, typer.Argument(help="The request's id, as `nitro takedown status` lists it.")]
NONE = "no request was ever made"
NEXT = {
    "quarantined": "verify-owner, vouch or refuse",
    "verified": "plan",
    "planned": "approve",
    "approved": "run",
    "erasing": "run",
    "unclean": "`nitro takedown status ID` says what was found and what to do",
    "scanned": "nitro run",
}


def _row(request: Request, held: int | None) -> dict[str, Any]:
    return {
        "request": request.id,
        "state": request.state,
        "videos": len(request.block_keys),
        "held here": held,
        "asked": request.asked_at,
        "changed": request.changed_at,
        "approvals": f"{len(request.approvals)} of {request.approvers_needed}" if request.approvers_needed else "-",
        "next": NEXT.get(request.state, "-"),
    }


def _rows(lake: Lake, found: Sequence[Request]) -> list[dict[str, Any]]:
    held = count_held(lake, found)
    return [_row(request, held[request.id]) for request in found]


def _show(request: Request, as_json: bool) -> None:
    answer(_rows(Lake(Settings()), [request]), as_json)


@app.command("request")
def ask(
    what: Annotated[list[str], typer.Argument(help="Addresses, 32-digit keys, or paths of your own recordings.")],
    reason: Annotated[str, typer.Option(help="The reason; it is kept encrypted with the request.")] = "",
    kind: Annotated[str, typer.Option(help="What the addresses are: video, playlist or channel.")] = "video",
    as_json: AsJson = False,
) -> None:
    """Request a takedown: the videos are quarantined at once, and models that were trained on them are tainted.

    Whatever is clear is taken, and each address is answered as it was understood.

    Example: nitro takedown request https://www.youtube.com/watch?v=... --reason "asked by its creator"
    """
    settings = Settings()
    lake = Lake(settings)
    said = take_in.ask_for(lake, settings, what, reason, kind)  # type: ignore[arg-type]  # checked inside
    row = _rows(lake, [find(lake, said.request)])[0]
    if as_json:
        answer([row | {"answer": said.text, "understood": [each.__dict__ for each in said.lines]}], as_json)
        return
    print(said)
    answer([row], as_json)


@app.command("verify-owner")
def owner(request: Id, as_json: AsJson = False) -> None:
    """Look for the request's token in the description of the videos, or of their channel.

    Example: nitro takedown verify-owner T-20260101-0a1b2c3d4e
    """
    settings = Settings()
    lake = Lake(settings)
    found = find(lake, request)
    try:
        _show(ownership.verify(lake, settings, found), as_json)
    except TakedownError as error:
        token = ownership.token_of(lake, found)
        raise TakedownError(f"{error} The token is {token}, until {ownership.expires(settings, found)}.") from error


@app.command()
def vouch(request: Id, as_json: AsJson = False) -> None:
    """Vouch, as a maintainer, for the person who made the request.

    Example: nitro takedown vouch T-20260101-0a1b2c3d4e
    """
    _show(ownership.vouch(Lake(Settings()), request), as_json)


@app.command()
def refuse(request: Id, as_json: AsJson = False) -> None:
    """Refuse a request by somebody who does not own the videos; the quarantine ends.

    Example: nitro takedown refuse T-20260101-0a1b2c3d4e
    """
    settings = Settings()
    _show(quarantine.refuse(Lake(settings), settings, request), as_json)


@app.command()
def plan(
    request: Id,
    out: Annotated[Path | None, typer.Option(help="Write an HTML page with the graph, too.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what came from the videos, what is done to it, what stays and why, and the hash to approve.

    Example: nitro takedown plan T-20260101-0a1b2c3d4e --out plan.html
    """
    settings = Settings()
    lake = Lake(settings)
    made = carry_on.plan(lake, settings, request)
    if out:
        out.write_text(page(made))
    rows = [{"what": f"{h.table}/{h.partition}", "is": f"{h.rows} rows, rewritten"} for h in made.holdings]
    rows += [{"what": f"checkpoint {name}", "is": "destroyed"} for name in made.checkpoints]
    rows += [{"what": name, "is": f"{count}, erased"} for name, count in made.elsewhere.items()]
    rows += [{"what": name, "is": f"stays: {why}"} for name, why in made.stays]
    rows += [{"what": name, "is": f"{count} to rebuild"} for name, count in made.rebuild.items()]
    if as_json:
        answer([made.to_dict() | {"hash": made.hash}], as_json)
        return
    answer(rows, as_json, title=f"plan {made.hash}: {made.bytes} bytes to rewrite, about {made.seconds} s")


@app.command()
def key(as_json: AsJson = False) -> None:
    """Print your public key for approvals; the private key is made on first use, at NITRO_APPROVER_KEY.

    Example: nitro takedown key
    """
    path = Settings().own_approver_key
    answer([{"public_key": Signer.of(path).public, "private_key_file": str(path)}], as_json)


@app.command()
def register(
    public_key: Annotated[str, typer.Argument(help="The public key that `nitro takedown key` printed.")],
    as_json: AsJson = False,
) -> None:
    """Let the holder of a public key approve plans from now on.

    Example: nitro takedown register 3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29
    """
    lake = Lake(Settings())
    approving.register(lake, public_key)
    answer([{"approver": found} for found in sorted(approving.registered(lake.ledger.entries()))], as_json)


@app.command()
def approve(
    request: Id,
    plan: Annotated[str, typer.Option(help="The plan's hash, or its first 8 digits or more.")],
    as_json: AsJson = False,
) -> None:
    """Approve a plan: sign its hash with your own key.

    Example: nitro takedown approve T-20260101-0a1b2c3d4e --plan 9f86d081884c
    """
    settings = Settings()
    _show(approving.approve(Lake(settings), settings, request, plan), as_json)


@app.command()
def run(request: Id, as_json: AsJson = False) -> None:
    """Carry out the approved plan and scan for traces. If it is killed, run it again. `nitro run` also rebuilds.

    Example: nitro takedown run T-20260101-0a1b2c3d4e
    """
    home()
    import dagster as dg

    settings = Settings()
    lake = Lake(settings)
    with dg.DagsterInstance.get() as instance, progress(f"takedown {request}") as tell:
        found = carry_on.erase_approved(lake, settings, request, instance, tell)
    left = carry_on.found_in(lake, settings, found)
    if as_json:
        answer([row | {"found": as_rows(left)} for row in _rows(lake, [found])], as_json)
    else:
        _show(found, as_json)
        _show_found(left)
    if found.state == "unclean":
        raise TakedownError(
            f"request {request}: the scan found {len(left)} traces; {left[0].next if left else 'run it again'}."
        )


def _show_found(left: Sequence[Trace]) -> None:
    if left:
        answer(as_rows(left), as_json=False, title="what the scan found")


@app.command()
def lift(request: Id, as_json: AsJson = False) -> None:
    """Withdraw a request. Deleted rows are restored from the recovery bundle if there is one, else made again.

    Example: nitro takedown lift T-20260101-0a1b2c3d4e
    """
    settings = Settings()
    _show(carry_on.lift(Lake(settings), settings, request), as_json)


@app.command()
def status(
    request: Annotated[
        str | None, typer.Argument(help="The id of one request, to show also what its scan found.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List every request, its state and what it waits for. For an unclean one, show its traces and what to do.

    Example: nitro takedown status
    """
    settings = Settings()
    lake = Lake(settings)
    shown = [find(lake, request)] if request else requests(lake)
    left = carry_on.found_in(lake, settings, shown[0]) if request else []
    rows = _rows(lake, shown)
    answer([row | {"found": as_rows(left)} for row in rows] if request and as_json else rows, as_json, empty=NONE)
    if not as_json:
        _show_found(left)


@app.command()
def verify(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder with `ledger` and `reports`; default: the lake.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The ledger's public key, as it was published.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check the whole ledger and every report, offline. It needs only a copy of these two folders.

    Example: nitro takedown verify copy-of-the-lake --key 3b6a27bc...
    """
    place = str(folder or Settings().lake)
    if "://" in place:
        raise TakedownError(f"{place}: not a folder; copy its `ledger` and `reports` here, and name the copy.")
    answer([check(Path(place), key).__dict__], as_json, title="whole, in order, and signed")
