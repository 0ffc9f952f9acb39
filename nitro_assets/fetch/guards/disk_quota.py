"""Room on the disk of the downloads, shared by all of this machine: who finds none waits.

Each download holds a locked file that says how many bytes it may take; the lock falls with its process, so nothing is
held for ever. It asks for the most it could take and gives back what it turns out not to need; none ever asks for
more, so downloads can't wait for one another in a circle. Waiting is in turn: a large one isn't overtaken for ever.
Where the disk has less left than the budget says, that counts; a disk that is full although no other download holds
room is no video's fault: `OSError`.
"""

import errno
import fcntl
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from nitro_assets.fetch.guards.refusals import FetchError

PATIENCE = 3600.0
"""Seconds that one waits for room; then its video is refused as `busy` and comes again with the next run."""
POLL = 0.2
SPARE = 500_000_000
"""Bytes of the disk that downloads leave to others."""


@dataclass
class DiskQuota:
    """Room that is held: `most` bytes on the disk of the folder `into`, said in the file `path`."""

    path: Path
    most: int
    into: Path

    def need(self, size: int) -> None:
        """Give back all but so many bytes. Raises `OSError` where they are more than were left on the disk."""
        if size > self.most:
            raise _full(self.into, size)
        with self.path.open("r+") as file:
            file.write(f"{size:020d}")  # one length, so that it is never read half written


@contextmanager
def reserve_quota(folder: Path, budget: int, most: int, into: Path, patience: float = PATIENCE) -> Iterator[DiskQuota]:
    """Hold `most` bytes of `budget` until closed, or less where no other download holds any and the disk has not more.

    Raises `FetchError`: "too big" where `most` is more than the whole budget, "busy" where no room came in time; and
    `OSError` where the disk of the folder `into` is full.
    """
    if most > budget:
        raise FetchError("too big", f"needs {most} bytes; the budget of all downloads is {budget} (NITRO_DOWNLOAD_GB).")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid.uuid4().hex}.room"
    with ExitStack() as held:
        with (folder / "turn").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            found = DiskQuota(path, _wait(folder, budget, most, into, patience), into)
            fcntl.flock(held.enter_context(path.open("x")), fcntl.LOCK_EX)
            held.callback(path.unlink)
            found.need(found.most)
        yield found


def _wait(folder: Path, budget: int, most: int, into: Path, patience: float) -> int:
    """The bytes that may be taken. What others hold counts on the disk too, even what they have written already."""
    until = time.monotonic() + patience
    while True:
        others = sum(_reserved_bytes(path) for path in folder.glob("*.room"))
        left = _left(into)
        if min(budget, left) - others >= most:
            return most
        if not others:
            if left <= 0:
                raise _full(into, 1)
            return left
        if time.monotonic() >= until:
            raise FetchError(
                "busy", "found no room for it among the other downloads; free some disk or raise NITRO_DOWNLOAD_GB."
            )
        time.sleep(POLL)


def _left(into: Path) -> int:
    return shutil.disk_usage(into).free - SPARE


def _full(into: Path, size: int) -> OSError:
    found = f"found {max(_left(into), 0)} bytes beside the {SPARE} that stay free; a download needs {size}"
    return OSError(errno.ENOSPC, f"{found}. Free some, or put NITRO_CACHE on another disk", str(into))


def _reserved_bytes(path: Path) -> int:
    """The bytes that a living download holds; what a dead one left is deleted."""
    try:
        with path.open() as file:
            text = file.read()
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return int(text)
    except FileNotFoundError:
        pass  # just given back
    return 0
