"""What a ledger entry may say: its kinds, and for each the only fields its body may have.

Every field is a key, a hash, a signature, a number, a time or a word of ours. No address, id, title or name fits.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Kind = Literal[
    "genesis",
    "registered",
    "quarantined",
    "extended",
    "verified",
    "planned",
    "approved",
    "bundled",
    "erasing",
    "erased",
    "scanned",
    "rebuilt",
    "destroyed",
    "reported",
    "lifted",
    "lapsed",
    "refused",
]
Body = Mapping[str, Any]


def _text(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _keys(value: Any) -> bool:
    return isinstance(value, list) and all(map(_key, value)) and value == sorted(set(value))


def _number(value: Any) -> bool:
    return type(value) is int and value >= 0


def _flag(value: Any) -> bool:
    return type(value) is bool


_key = _text(r"[0-9a-f]{32}")
_hash = _text(r"[0-9a-f]{64}")
_signature = _text(r"[0-9a-f]{128}")
_time = _text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3,6})?\+00:00")
_word = _text(r"[a-z][a-z-]{0,30}")
_request = _text(r"|[A-Z]-[0-9A-Za-z-]{1,40}")

# Fields with a "?" may be left out.
FIELDS: dict[Kind, dict[str, Callable[[Any], bool]]] = {
    "genesis": {"key": _hash},
    "registered": {"key": _hash},
    "quarantined": {
        "videos": _keys,
        "names?": _keys,  # of further names by which the videos may come again
        "channels?": _keys,
        "named?": _word,  # video, playlist, channel or upstream: what the request named
        "origin?": _word,  # command, inbox, issue or upstream: the way it came
        "asked?": _time,
        "by?": _key,  # keyed hash of who asked
        "source?": _key,  # keyed hash of the issue or file
        "text?": _key,  # keyed hash of what it said
    },
    "extended": {"videos": _keys, "names?": _keys},
    "verified": {"how": _word},  # token or maintainer
    "planned": {"plan_hash": _hash, "approvers": _number},
    "approved": {"plan_hash": _hash, "approver": _hash, "signature": _signature},
    "bundled": {"bundle_hash": _hash, "until": _time},
    "erasing": {"plan_hash": _hash},
    "erased": {"plan_hash": _hash, "rows?": _number, "files?": _number, "bytes?": _number},
    "scanned": {"clean": _flag, "findings?": _number, "files?": _number, "bytes?": _number},
    "rebuilt": {"artifacts?": _number},
    "destroyed": {"bundle_hash": _hash},
    "reported": {"report_hash": _hash, "final": _flag},
    "lifted": {},
    "lapsed": {},
    "refused": {},
}
assert set(FIELDS) == set(get_args(Kind))


class EntryError(ValueError):
    """A body that an entry may not have."""


@dataclass(frozen=True)
class Entry:
    """One event of one request. `hash` covers all fields but itself and `signature`, `previous` is the entry before's.

    `signature` is the ledger key's, over the hash.
    """

    number: int
    at: str
    kind: Kind
    request: str
    body: Body
    previous: str
    hash: str = ""
    signature: str = ""

    def digest(self) -> str:
        """SHA-256 over the entry's own fields, as hex."""
        return digest({k: v for k, v in asdict(self).items() if k not in ("hash", "signature")})

    def to_bytes(self) -> bytes:
        return canonical(asdict(self)).encode()


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces. What is hashed and signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def digest(value: Any) -> str:
    """SHA-256 over the canonical JSON, as hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def check(kind: str, request: str, body: Body) -> None:
    """Raises `EntryError` that names the field, never its value: it may be what must not be kept."""
    if kind not in FIELDS:
        raise EntryError(f"kind: found none of {', '.join(FIELDS)}.")
    if not _request(request):
        raise EntryError("request: found something else than a request's id, such as T-20260101-0a1b2c3d4e.")
    fields = FIELDS[kind]
    for name in set(body) - {name.rstrip("?") for name in fields}:
        raise EntryError(f"{kind}: found a field that it may not have ({len(name)} characters).")
    for name, fits in fields.items():
        plain = name.rstrip("?")
        if plain not in body and not name.endswith("?"):
            raise EntryError(f"{kind}: the field {plain!r} is missing.")
        if plain in body and not fits(body[plain]):
            raise EntryError(f"{kind}: the field {plain!r} holds something that it may not.")


def read_entry(data: bytes) -> Entry:
    """Raises `EntryError` for anything that is no whole entry."""
    try:
        fields = json.loads(data)
        if not isinstance(fields, dict) or set(fields) != set(Entry.__dataclass_fields__):
            raise EntryError("found other fields than an entry's.")
        entry = Entry(**fields)
        check(entry.kind, entry.request, entry.body)
    except (ValueError, TypeError, AttributeError) as error:
        raise error if isinstance(error, EntryError) else EntryError("found no JSON of an entry.") from error
    return entry
