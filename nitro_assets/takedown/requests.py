"""The life of a request: a state machine, folded from the ledger's entries and from nothing else.

    quarantined -> verified -> planned -> approved -> erasing -> erased -> scanned -> rebuilt -> reported

It may be planned again until it is erased, and must be when what the video reached has grown. It ends early as `lapsed`
(never verified), `refused` (not the owner) or `lifted` (taken back); its videos are then free again. `unclean` is a
scan that found something.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from nitro_assets.lake.ledger.entries import Body, Entry, Kind
from nitro_assets.lake.ledger.ledger import New
from nitro_assets.lake.store import Lake
from nitro_assets.takedown.encrypted_record import EncryptedRecord, read_record

ENDED = frozenset({"lapsed", "refused", "lifted"})
OPEN = frozenset({"quarantined", "verified", "planned", "approved", "erasing"})
LIVE = OPEN | {"erased", "unclean", "scanned", "rebuilt", "reported"}
# From which states an entry may follow.
ALLOWED: dict[Kind, frozenset[str]] = {
    "quarantined": frozenset({"unknown"}),
    "extended": LIVE,
    "verified": frozenset({"quarantined"}),
    "planned": frozenset({"verified", "planned", "approved", "erasing", "unclean"}),
    "approved": frozenset({"planned"}),
    "bundled": frozenset({"approved", "erasing"}),
    "erasing": frozenset({"approved", "erasing"}),
    "erased": frozenset({"erasing"}),
    "scanned": frozenset({"erased", "unclean", "scanned"}),
    "rebuilt": frozenset({"scanned"}),
    "destroyed": LIVE | ENDED,
    "reported": frozenset({"rebuilt", "reported"}),
    "lifted": LIVE,
    "lapsed": frozenset({"quarantined"}),
    "refused": frozenset({"quarantined", "verified", "planned", "approved"}),
}


class TakedownError(ValueError):
    """A request that cannot be taken, or not now; the message says why and what would be."""


@dataclass(frozen=True)
class Request:
    """One request. `entries` are the ledger's own, oldest first; all else follows from them.

    `block_keys`, `names` and `channels` are the block keys of the videos, of further names of theirs, of channels.
    """

    id: str
    state: str
    block_keys: tuple[str, ...]
    names: tuple[str, ...]
    channels: tuple[str, ...]
    entries: tuple[Entry, ...]
    lake: Lake | None = field(default=None, repr=False, compare=False)

    @cached_property
    def encrypted_record(self) -> EncryptedRecord:
        """Addresses, video keys and what else must be known until it is done; empty afterwards."""
        return read_record(self.lake, self.id) if self.lake else EncryptedRecord()

    @property
    def keys(self) -> tuple[str, ...]:
        """Everything that it blocks, by block keys."""
        return (*self.block_keys, *self.names, *self.channels)

    @property
    def video_keys(self) -> tuple[str, ...]:
        """The keys of its videos, until they are erased; `block_keys` are known for ever."""
        return self.encrypted_record.video_keys

    @property
    def asked_at(self) -> str:
        """When it was asked, as far as known; else when it was recorded."""
        return str(self.entries[0].body.get("asked", self.entries[0].at))

    @property
    def changed_at(self) -> str:
        return self.entries[-1].at

    @property
    def is_live(self) -> bool:
        """Whether its videos are blocked."""
        return self.state in LIVE

    @property
    def origin(self) -> str:
        """The way it came: `command`, `inbox`, `issue` or `upstream`."""
        return str(self.entries[0].body.get("origin", "command"))

    def last(self, kind: Kind) -> Entry | None:
        """The latest entry of a kind."""
        return next((e for e in reversed(self.entries) if e.kind == kind), None)

    @property
    def plan_hash(self) -> str | None:
        """The hash of the plan that stands: the last one made."""
        planned = self.last("planned")
        return str(planned.body["plan_hash"]) if planned else None

    @property
    def approvals(self) -> tuple[Entry, ...]:
        """The approvals of the plan that stands, one for each approver."""
        found = {e.body["approver"]: e for e in self.entries if e.kind == "approved"}
        return tuple(e for e in found.values() if e.body["plan_hash"] == self.plan_hash)

    @property
    def approvers_needed(self) -> int:
        """How many different people must approve the plan that stands."""
        planned = self.last("planned")
        return int(planned.body["approvers"]) if planned else 0


def fold(entries: Iterable[Entry], lake: Lake | None = None) -> dict[str, Request]:
    """Every request by id, oldest first; without a lake what is sealed stays so."""
    by_id: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.request:
            by_id.setdefault(entry.request, []).append(entry)
    return {name: _request(name, tuple(found), lake) for name, found in by_id.items()}


def _request(name: str, entries: tuple[Entry, ...], lake: Lake | None) -> Request:
    videos, names, channels = set[str](), set[str](), set[str]()
    found = Request(name, "", (), (), (), (), lake)
    for number, entry in enumerate(entries, 1):
        if entry.kind in ("quarantined", "extended"):
            videos.update(entry.body["videos"])
            names.update(entry.body.get("names", ()))
            channels.update(entry.body.get("channels", ()))
        sets = tuple(sorted(videos)), tuple(sorted(names)), tuple(sorted(channels))
        so_far = Request(name, found.state, *sets, entries[:number], lake)
        found = replace(so_far, state=_state(so_far, entry))
    return found


def _state(request: Request, entry: Entry) -> str:
    """The state after the last entry."""
    if entry.kind in ("bundled", "destroyed"):
        return request.state  # the recovery bundle's own events
    if entry.kind == "extended":
        return "verified" if request.last("verified") else "quarantined"  # what was planned is no longer all
    if entry.kind == "approved":
        return "approved" if len(request.approvals) >= request.approvers_needed else "planned"
    if entry.kind == "scanned":
        return "scanned" if entry.body["clean"] else "unclean"
    return entry.kind


def requests(lake: Lake) -> list[Request]:
    """Every request with its state, oldest first."""
    return list(fold(lake.ledger.entries(), lake).values())


def find(lake: Lake, name: str) -> Request:
    """One request. Raises `TakedownError` for an unknown id."""
    found = fold(lake.ledger.entries(), lake).get(name)
    if found is None:
        raise TakedownError(f"no request has the id {name[:60]!r}; `nitro takedown status` lists all.")
    return found


def new_id() -> str:
    return f"T-{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(5)}"


def advance(lake: Lake, name: str, kind: Kind, body: Body | None = None) -> Request:
    """Record the next event of a request, if its state allows that; looked at again where another writer was quicker.

    Raises `TakedownError` that names the state it is in and those it would have to be in.
    """
    return advance_all(lake, [(kind, name, body or {})])[0]


def advance_all(lake: Lake, events: Iterable[New]) -> list[Request]:
    """`advance` for several requests at once: all of them or, where one may not, none."""
    new = list(events)

    def check(entries: list[Entry]) -> None:
        found = fold(entries, lake)
        states = {name: request.state for name, request in found.items()}
        for kind, name, _ in new:
            state = states.get(name, "unknown")
            if state not in ALLOWED[kind]:
                allowed = " or ".join(sorted(ALLOWED[kind]))
                raise TakedownError(f"request {name} is {state}; to be {kind} it must be {allowed}.")
            states[name] = kind

    lake.ledger.append_all(new, check)
    found = fold(lake.ledger.entries(), lake)
    return [found[name] for _, name, _ in new]
