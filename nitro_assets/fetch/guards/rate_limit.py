"""How fast one host is asked, by all processes of this machine together.

A small locked file per host holds the time its next request is due (the generic cell rate algorithm: RATE requests a
second in the long run, up to BURST of them at once). A host that says it is busy pushes that time back for everybody.
The clock is the machine's monotonic one: setting the time of day changes nothing, and what a restart left is clamped.
"""

import fcntl
import hashlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

RATE = 5.0
"""Requests a second to one host."""
BURST = 10
LONGEST = 120.0
"""Seconds that anybody ever waits for a host at one time."""


@dataclass(frozen=True)
class RateLimit:
    """The pace of every host; `folder` holds its files, each named by a hash of the host and this machine."""

    folder: Path

    def wait(self, url: str) -> None:
        """Wait until the host may be asked again, and count one request."""
        early = (BURST - 1) / RATE
        now = time.monotonic()
        due = self._move(url, lambda due: max(due, now) + 1 / RATE, now)
        if due - early > now:
            time.sleep(due - early - now)

    def hold(self, url: str, seconds: float) -> None:
        """Nobody asks the host for so long, at most LONGEST."""
        now = time.monotonic()
        later = now + min(seconds, LONGEST) + (BURST - 1) / RATE
        self._move(url, lambda due: max(due, later), now)

    def _move(self, url: str, change: Callable[[float], float], now: float) -> float:
        """Change when the host is due; what it was before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(f"{socket.gethostname()} {urlsplit(url).netloc.lower()}".encode()).hexdigest()[:16]
        with (self.folder / f"{name}.pace").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            due = min(_number(file.read()), now + LONGEST + (BURST - 1) / RATE)
            file.truncate(0)
            file.write(repr(change(due)))
        return due


def _number(text: str) -> float:
    """Zero where a full disk or a killed process left no number."""
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return found if found >= 0 else 0.0  # a nan is no number either
