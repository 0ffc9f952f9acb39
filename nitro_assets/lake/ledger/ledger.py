"""The takedown ledger: append-only, hash-chained, signed, one file an entry, outside the tables it speaks of.

It holds block keys only (`identity.block_key`), never an address or a video key. The blocklist is what its entries add
up to. Whoever cannot read it cannot write: every doubt raises `LedgerError`. `entries()` looks at the folder's listing
each time and reads only what is new or changed. A tail that was cut off shows in three places: the signed `head.json`
beside the entries, the witness file that every machine keeps beside its secret, and the head that each report names.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec

from nitro_assets.lake.ledger.entries import Body, Entry, EntryError, Kind, canonical, check, read_entry
from nitro_assets.lake.ledger.signing import Signer, is_signed

HEAD = "head.json"
New = tuple[Kind, str, Body]
"""Kind, request and body of an entry to be."""


class LedgerError(RuntimeError):
    """The ledger is missing, unreadable or broken; nothing may be written until it is mended."""


class Ledger:
    """The entries under `root`, a folder of the filesystem `fs`.

    `key_file` holds the private key (needed to append only), `witness` what this machine last saw of the ledger.
    """

    def __init__(self, fs: fsspec.AbstractFileSystem, root: str, key_file: Path, witness: Path) -> None:
        self._fs, self._root, self._key_file, self._witness = fs, root.rstrip("/"), key_file, witness
        self._seen: tuple[dict[str, tuple[Any, ...]], list[Entry]] = ({}, [])
        self._blocked: tuple[str, frozenset[str], frozenset[str]] = ("", frozenset(), frozenset())

    def start(self) -> None:
        """Write the first entry of a new ledger. Never where this machine has seen one that held requests."""
        genesis = f"{self._root}/{0:08d}.json"
        self._fs.makedirs(self._root, exist_ok=True)
        if not self._fs.exists(genesis):
            if (seen := self._witnessed()["number"]) > 0:
                raise LedgerError(
                    f"ledger {self._root}: is gone, and held {seen + 1} entries when this machine last saw it. Restore "
                    f"it; to begin anew without its blocklist, remove {self._witness}."
                )
            self._witness.unlink(missing_ok=True)
            with suppress(FileExistsError):  # another process has just done it
                self._put(("genesis", "", {"key": Signer.of(self._key_file).public}), None)
        if not self._fs.exists(f"{self._root}/{HEAD}"):
            self._set_head(read_entry(self._fs.cat_file(genesis)))

    def append(
        self, kind: Kind, request: str, body: Body, allowed: Callable[[list[Entry]], None] | None = None
    ) -> Entry:
        """Add one entry; see `append_all`."""
        return self.append_all([(kind, request, body)], allowed)[0]

    def append_all(self, new: Iterable[New], allowed: Callable[[list[Entry]], None] | None = None) -> list[Entry]:
        """Add entries, one after another. Another writer's are never overwritten: each number is taken exclusively.

        `allowed` is called with all entries so far, right before the first is written and again whenever another
        writer was quicker; what it raises ends the append. Raises `EntryError` for a body that may not be kept.
        """
        waiting, added = list(new), list[Entry]()
        for each in waiting:
            check(*each)
        while waiting:
            found = self.entries()
            if allowed and not added:
                allowed(found)
            last = found[-1]
            try:
                while waiting:
                    last = self._put(waiting[0], last)
                    added.append(last)
                    del waiting[0]
            except FileExistsError:
                continue
        self._set_head(added[-1])
        self.entries()  # this machine has seen them, and is their witness
        return added

    def _put(self, new: New, last: Entry | None) -> Entry:
        kind, request, body = new
        entry = Entry(last.number + 1 if last else 0, _now(), kind, request, dict(body), last.hash if last else "")
        entry = replace(entry, hash=entry.digest())
        signer = Signer(self._key_file)
        if last and signer.public != self._seen[1][0].body["key"]:
            raise LedgerError(f"ledger {self._root}: {self._key_file} is not the key it was begun with; restore that.")
        entry = replace(entry, signature=signer.sign("ledger entry", entry.hash))
        self._create(f"{self._root}/{entry.number:08d}.json", entry.to_bytes())
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

    def _set_head(self, entry: Entry) -> None:
        """The signed head says how long the ledger is at least; whoever was quicker has set a later one."""
        if self._fs.exists(f"{self._root}/{entry.number + 1:08d}.json"):
            return
        head = {"number": entry.number, "hash": entry.hash}
        head["signature"] = Signer(self._key_file).sign("ledger head", canonical(head))
        path = f"{self._root}/{HEAD}"
        if "file" not in self._fs.protocol:
            self._fs.pipe_file(path, canonical(head).encode())
            return
        draft = Path(f"{path}.{secrets.token_hex(8)}.draft")
        draft.write_text(canonical(head))
        draft.replace(path)

    def entries(self) -> list[Entry]:
        """All entries, the chain checked. Raises `LedgerError` that names the first broken entry."""
        try:
            old, known = self._seen
            if self._list() == old:
                return list(known)
            witnessed = self._witnessed()  # both before the list, which then can't be behind them
            head = self._fs.cat_file(f"{self._root}/{HEAD}")
            prints = self._list()
            names = [name for name in prints if name != HEAD]
            same = 0
            while same < min(len(names), len(known)) and old.get(names[same]) == prints[names[same]]:
                same += 1
            paths = [f"{self._root}/{name}" for name in names[same:]]
            data = self._fs.cat(paths) if paths else {}
            new = [(name, data[path]) for name, path in zip(names[same:], paths, strict=True)]
        except (OSError, KeyError) as error:
            raise LedgerError(
                f"ledger {self._root}: cannot be read ({error}); nothing is written without it."
            ) from error
        found = chain(new, known[:same], f"ledger {self._root}")
        check_head(found, head, f"ledger {self._root}")
        self._check_witness(found, witnessed)
        self._seen = (prints, found)
        return list(found)

    def _list(self) -> dict[str, tuple[Any, ...]]:
        """The files by name, in order, each with what changes when it does."""
        if "file" in self._fs.protocol:
            files = [f for f in os.scandir(self._root) if f.name.endswith(".json")]
            stats = {f.name: f.stat() for f in files}
            return {name: (s.st_size, s.st_mtime_ns, s.st_ino) for name, s in sorted(stats.items())}
        self._fs.invalidate_cache()
        found = {i["name"].rsplit("/", 1)[-1]: (i["size"], i.get("ETag")) for i in self._fs.ls(self._root, detail=True)}
        return {name: found[name] for name in sorted(found) if name.endswith(".json")}

    def _witnessed(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._witness.read_text()))
        except FileNotFoundError:
            return {"number": -1}
        except (OSError, ValueError) as error:
            raise LedgerError(
                f"{self._witness}: can't be read ({type(error).__name__}); it holds what this machine last saw of the "
                "ledger. Restore it, or remove it once `nitro takedown verify` agrees."
            ) from error

    def _check_witness(self, found: list[Entry], seen: dict[str, Any]) -> None:
        """The ledger may only have grown since this machine last saw it."""
        if seen["number"] >= 0 and (len(found) <= seen["number"] or found[seen["number"]].hash != seen["hash"]):
            raise LedgerError(
                f"ledger {self._root}: entry {min(len(found), seen['number']):08d} is missing or was replaced: this "
                f"machine saw {seen['number'] + 1} entries ({self._witness}), now there are {len(found)}. Restore them."
            )
        if found[-1].number > seen["number"]:
            draft = self._witness.with_name(f"{self._witness.name}.{secrets.token_hex(8)}.draft")
            with suppress(OSError):  # keys mounted read-only: such a machine relies on the signed head
                draft.write_text(canonical({"number": found[-1].number, "hash": found[-1].hash}))
                draft.replace(self._witness)

    def blocked(self) -> frozenset[str]:
        """The block keys of the videos that no reader returns and no writer accepts."""
        return self._fold()[1]

    def blocked_channels(self) -> frozenset[str]:
        """The block keys of the channels of which no video, of now or of later, is returned or accepted."""
        return self._fold()[2]

    def _fold(self) -> tuple[str, frozenset[str], frozenset[str]]:
        found = self.entries()
        if self._blocked[0] != found[-1].hash:
            videos, channels = blocks(found)
            self._blocked = (found[-1].hash, videos, channels)
        return self._blocked


def blocks(entries: Iterable[Entry]) -> tuple[frozenset[str], frozenset[str]]:
    """The videos and channels that are blocked: named by a request that was not let go."""
    videos: dict[str, set[str]] = {}
    channels: dict[str, set[str]] = {}
    for entry in entries:
        if entry.kind in ("quarantined", "extended"):
            videos.setdefault(entry.request, set()).update(entry.body["videos"], entry.body.get("names", ()))
            channels.setdefault(entry.request, set()).update(entry.body.get("channels", ()))
        elif entry.kind in ("lifted", "lapsed", "refused"):
            videos.pop(entry.request, None)
            channels.pop(entry.request, None)
    return frozenset().union(*videos.values()), frozenset().union(*channels.values())


def chain(files: Iterable[tuple[str, bytes]], known: list[Entry], where: str) -> list[Entry]:
    """The entries in `files` (names and bytes, in order) after the `known` ones, each checked against the one before.

    Raises `LedgerError` that names the first broken entry.
    """
    found = list(known)
    for name, data in files:
        number = len(found)
        try:
            entry = read_entry(data)
        except EntryError as error:
            raise LedgerError(f"{where}: {name}: not an entry ({error}) Restore it.") from error
        key = (found[0] if found else entry).body.get("key", "")
        in_place = entry.number == number and name == f"{number:08d}.json" and (entry.kind == "genesis") == (not found)
        if not in_place or entry.previous != (found[-1].hash if found else "") or entry.hash != entry.digest():
            raise LedgerError(f"{where}: entry {number:08d} is missing or was changed; restore it.")
        if not is_signed(key, "ledger entry", entry.hash, entry.signature):
            raise LedgerError(f"{where}: entry {number:08d} is not signed by the ledger's key; restore it.")
        found.append(entry)
    if not found:
        raise LedgerError(f"{where}: found no entry; at least 00000000.json must be there.")
    return found


def check_head(entries: list[Entry], data: bytes, where: str) -> None:
    """The signed head must be one of the entries: a ledger whose tail was cut off does not hold it."""
    try:
        head = json.loads(data)
        number, hashed, signature = head["number"], head["hash"], head["signature"]
        signed = is_signed(
            entries[0].body["key"], "ledger head", canonical({"number": number, "hash": hashed}), signature
        )
    except (ValueError, TypeError, KeyError) as error:
        raise LedgerError(f"{where}: {HEAD} can't be read; restore it.") from error
    if not signed:
        raise LedgerError(f"{where}: {HEAD} is not signed by the ledger's key; restore it.")
    if not 0 <= number < len(entries) or entries[number].hash != hashed:
        missing = min(len(entries), number)
        raise LedgerError(f"{where}: entry {missing:08d} is missing: {HEAD} says there are at least {number + 1}.")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
