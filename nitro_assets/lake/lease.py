"""One worker a shard: a numbered file that its owner keeps beating, beside the tables.

    leases/SCOPE/00000007.json    {"owner": ..., "id": ..., "beat": 41}

The highest number owns. Taking over is making the next number, which only one can. A waiter never compares clocks: it
takes over when it has seen no new beat for long enough by its own monotonic clock, when the owner has let go, or when
the owner was a process of this machine that is gone. An owner that was overtaken while it stood still finds a higher
number than its own.
"""

import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError

from nitro_assets.lake.store import Lake

FOLDER = "leases"
BEAT = 5.0
PATIENCE = 60.0
"""Seconds between two beats; seconds without a beat after which an owner counts as dead."""


class LeaseLostError(RuntimeError):
    """Another worker took over while this one stood still; its rows are the ones that count."""


class Lease:
    """A lease that is held. `check` raises `LeaseLostError` once it isn't any more."""

    def __init__(self, lake: Lake, scope: str) -> None:
        self._fs, self._folder, self._scope = lake.fs, f"{lake.root}/{FOLDER}/{scope}", scope
        self._number, self._beat, self._id = -1, 0, secrets.token_hex(8)

    def check(self) -> None:
        number, _ = self._current()
        if number != self._number:
            raise LeaseLostError(f"{self._scope}: another worker has taken it over; nothing is committed by this one.")

    def _take(self, patience: float, pause: float) -> None:
        seen, since = self._current(), time.monotonic()
        while not (self._is_free(seen[1]) or time.monotonic() - since > patience) or not self._make(seen[0] + 1):
            time.sleep(pause)
            now = self._current()
            if now != seen:
                seen, since = now, time.monotonic()

    def _is_free(self, state: dict[str, Any]) -> bool:
        return not state or state["owner"] == "" or _is_gone(state["owner"])

    def _current(self) -> tuple[int, dict[str, Any]]:
        """The highest number and what it says; (-1, {}) where there is none."""
        self._fs.invalidate_cache()
        if not self._fs.exists(self._folder):
            return -1, {}
        paths = sorted(p for p in self._fs.ls(self._folder, detail=False) if p.endswith(".json"))
        try:
            return (_number(paths[-1]), json.loads(self._fs.cat_file(paths[-1]))) if paths else (-1, {})
        except FileNotFoundError:
            return self._current()  # a newer one has just been made, and this one removed

    def _make(self, number: int) -> bool:
        """Take the number, unless somebody has; earlier ones go."""
        self._fs.makedirs(self._folder, exist_ok=True)
        try:
            self._write(number, me(), new=True)
        except FileExistsError:
            if self._current()[1].get("id") != self._id:  # else it is ours, and only the answer was lost
                return False
        self._number = number
        for path in self._fs.ls(self._folder, detail=False):
            if _number(path) < number:
                self._fs.rm_file(path)
        return True

    def _write(self, number: int, owner: str, new: bool = False) -> None:
        path, state = f"{self._folder}/{number:08d}.json", {"owner": owner, "id": self._id, "beat": self._beat}
        data = json.dumps(state).encode()
        if "file" not in self._fs.protocol:
            self._fs.pipe_file(path, data, mode="create" if new else "overwrite")  # an object store puts whole objects
            return
        draft = Path(f"{path}.{secrets.token_hex(4)}.draft")
        draft.write_bytes(data)
        if not new:
            draft.replace(path)
            return
        try:
            os.link(draft, path)
        finally:
            draft.unlink()

    def _keep(self, stop: threading.Event, every: float) -> None:
        while not stop.wait(every):
            self._beat += 1
            try:
                self._write(self._number, me())
            except (OSError, BotoCoreError):  # an unreachable S3 is no OSError
                continue  # the store may answer again in time; if it doesn't, another takes over

    def _let_go(self) -> None:
        if self._current()[0] == self._number:
            self._write(self._number, "")


def is_held(lake: Lake, scope: str) -> bool:
    """Whether somebody holds the lease on `scope` now, or did when its machine was lost."""
    lease = Lease(lake, scope)
    return not lease._is_free(lease._current()[1])


@contextmanager
def leased(
    lake: Lake, scope: str, beat: float = BEAT, patience: float = PATIENCE, pause: float = 1.0
) -> Iterator[Lease]:
    """Wait for the lease on `scope` and hold it. Times are in seconds."""
    lease, stop = Lease(lake, scope), threading.Event()
    lease._take(patience, pause)
    keeper = threading.Thread(target=lease._keep, args=(stop, beat), daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        stop.set()
        keeper.join()
        lease._let_go()


def me() -> str:
    """This process, as no other on any machine is called: boot, process namespace, number, start."""
    return f"{_here()}:{os.getpid()}:{_started(os.getpid())}"


def _is_gone(owner: str) -> bool:
    """Whether it was a process of this machine that has ended; elsewhere one can't tell."""
    here, pid, started = owner.rsplit(":", 2)
    return here == _here() and _started(int(pid)) != started


def _here() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{boot.read_text().strip()}:{os.readlink('/proc/self/ns/pid')}" if boot.exists() else ""


def _started(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return "-"


def _number(path: str) -> int:
    return int(path.rsplit("/", 1)[-1].split(".")[0])
