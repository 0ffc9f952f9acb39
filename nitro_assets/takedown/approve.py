"""Who may approve a plan, and their approvals: each signs request and plan hash with a key of their own."""

from nitro_assets.lake.ledger.entries import Entry, canonical
from nitro_assets.lake.ledger.signing import Signer, is_signed
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.requests import Request, TakedownError, advance, find

PURPOSE = "takedown approval"


def signed_text(request: str, plan_hash: str) -> str:
    """What an approval signs: worthless for another request, and for another plan of the same."""
    return canonical({"request": request, "plan_hash": plan_hash})


def registered(entries: list[Entry]) -> frozenset[str]:
    """The public keys that may approve."""
    return frozenset(entry.body["key"] for entry in entries if entry.kind == "registered")


def register(lake: Lake, public: str) -> None:
    """Let the holder of a public key (64 hex digits) approve from now on; the ledger keeps that for ever."""
    public = public.strip().lower()
    if public in registered(lake.ledger.entries()):
        raise TakedownError("this public key is registered already.")
    if len(public) != 64 or set(public) - set("0123456789abcdef"):
        raise TakedownError("an approver's public key is 64 hex digits, as `nitro takedown key` prints them.")
    lake.ledger.append("registered", "", {"key": public})


def approve(lake: Lake, settings: Settings, name: str, plan_hash: str) -> Request:
    """Sign the plan with this user's own key.

    `plan_hash` is the plan that was looked at, or its beginning (8 digits at least). Raises `TakedownError` where
    another plan stands now, the key is not registered, or has approved already.
    """
    request = find(lake, name)
    if request.state != "planned":
        raise TakedownError(f"request {name} is {request.state}; to be approved it must be planned.")
    stands = request.plan_hash or ""
    if len(plan_hash) < 8 or not stands.startswith(plan_hash):
        raise TakedownError(f"request {name}: the plan that stands is {stands}, another one; look at it first.")
    signer = Signer.of(settings.own_approver_key)
    if signer.public not in registered(lake.ledger.entries()):
        raise TakedownError(
            f"{settings.own_approver_key}: this key may not approve; register it with "
            f"`nitro takedown register {signer.public}`."
        )
    if any(e.body["approver"] == signer.public for e in request.approvals):
        raise TakedownError(f"request {name}: this key has approved the plan already; another person's is needed.")
    signature = signer.sign(PURPOSE, signed_text(name, stands))
    body = {"plan_hash": stands, "approver": signer.public, "signature": signature}
    return advance(lake, name, "approved", body)


def check_approvals(request: Request, keys: frozenset[str]) -> None:
    """Raises `TakedownError` unless enough different registered people signed the plan that stands."""
    text = signed_text(request.id, request.plan_hash or "")
    good = {
        e.body["approver"]
        for e in request.approvals
        if e.body["approver"] in keys and is_signed(e.body["approver"], PURPOSE, text, e.body["signature"])
    }
    if len(good) < max(1, request.approvers_needed):
        raise TakedownError(
            f"request {request.id}: {len(good)} valid approvals of the plan that stands, needed are "
            f"{request.approvers_needed}."
        )
