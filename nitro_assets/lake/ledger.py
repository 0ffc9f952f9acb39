"""The takedown ledger: append-only, hash-chained, one file an entry, outside the tables it speaks of.

It holds block keys only (`identity.block_key`), never an address or a video key. The blocklist is what its entries add
up to. Whoever cannot read it cannot write: every doubt raises `LedgerError`.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import fsspec

Kind = Literal["genesis", "quarantine", "erased", "lifted"]


class LedgerError(RuntimeError):
    """The ledger is missing, unreadable or broken; nothing may be written until it is mended."""


@dataclass(frozen=True)
class Entry:
    """One event of one request. `hash` covers all other fields, `previous` chains it to the entry before."""

    number: int
    at: str
    kind: Kind
    request: str
    video_keys: tuple[str, ...]
    previous: str
    hash: str = ""

    def digest(self) -> str:
        fields = {k: v for k, v in asdict(self).items() if k != "hash"}
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


class Ledger:
    """The entries under `root`, a folder of the filesystem `fs`."""

    def __init__(self, fs: fsspec.AbstractFileSystem, root: str) -> None:
        self._fs, self._root = fs, root.rstrip("/")

    def start(self) -> None:
        """Write the first entry of a new ledger."""
        self._fs.makedirs(self._root, exist_ok=True)
        self._put(Entry(0, _now(), "genesis", "", (), ""))

    def append(self, kind: Kind, request: str, video_keys: Iterable[str]) -> Entry:
        """Add one entry. Another writer's entry in between is never overwritten: the number is taken exclusively."""
        while True:
            last = self.entries()[-1]
            entry = Entry(last.number + 1, _now(), kind, request, tuple(sorted(video_keys)), last.hash)
            try:
                return self._put(entry)
            except FileExistsError:
                continue

    def _put(self, entry: Entry) -> Entry:
        entry = Entry(**{**asdict(entry), "hash": entry.digest()})
        data = json.dumps(asdict(entry), sort_keys=True).encode()
        self._create(f"{self._root}/{entry.number:08d}.json", data)
        return entry

    def _create(self, path: str, data: bytes) -> None:
        """Write a new file whole or not at all. Raises `FileExistsError` where there is one."""
        if "file" not in self._fs.protocol:
            self._fs.pipe_file(path, data, mode="create")  # an object store puts whole objects
            return
        draft = Path(f"{path}.{secrets.token_hex(8)}.draft")
        draft.write_bytes(data)
        try:
            os.link(draft, path)
        finally:
            draft.unlink()

    def entries(self) -> list[Entry]:
        """All entries, the chain checked. Raises `LedgerError` that names the first broken entry."""
        self._fs.invalidate_cache()
        try:
            paths = sorted(p for p in self._fs.ls(self._root, detail=False) if p.endswith(".json"))
            found = [Entry(**_fields(self._fs.cat_file(path), path)) for path in paths]
        except OSError as error:
            raise LedgerError(
                f"ledger {self._root}: cannot be read ({error}); nothing is written without it."
            ) from error
        if not found:
            raise LedgerError(f"ledger {self._root}: found no entry; at least 00000000.json must be there.")
        previous = ""
        for number, entry in enumerate(found):
            if entry.number != number or entry.previous != previous or entry.hash != entry.digest():
                raise LedgerError(f"ledger {self._root}: entry {number:08d} is missing or was changed; restore it.")
            previous = entry.hash
        return found

    def blocked(self) -> frozenset[str]:
        """The video keys that no reader returns and no writer accepts."""
        blocked: set[str] = set()
        for entry in self.entries():
            if entry.kind == "lifted":
                blocked -= set(entry.video_keys)
            else:
                blocked |= set(entry.video_keys)
        return frozenset(blocked)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _fields(data: bytes, path: str) -> dict[str, Any]:
    try:
        fields = json.loads(data)
        fields["video_keys"] = tuple(fields["video_keys"])
        if set(fields) != set(Entry.__dataclass_fields__):
            raise ValueError("other fields than an entry's")
    except (ValueError, TypeError, KeyError) as error:
        raise LedgerError(f"{path}: not a ledger entry ({error}); restore it.") from error
    return fields
