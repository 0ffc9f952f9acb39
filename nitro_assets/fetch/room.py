"""Room on the scratch disk, shared by all downloads of this machine: who finds none waits.

Each download holds a locked file that says how many bytes it may take; the lock falls with its process, so nothing is
held for ever. It asks for the most it could take and gives back what it turns out not to need; none ever asks for
more, so downloads can't wait for one another in a circle. Waiting is in turn: a large one isn't overtaken for ever.
"""

import fcntl
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nitro_assets.fetch.ytdlp import FetchError

PATIENCE = 3600.0
"""Seconds that one waits for room; then its video is refused as `busy` and comes again with the next run."""
POLL = 0.2

Shrink = Callable[[int], None]


@contextmanager
def room(folder: Path, budget: int, most: int, patience: float = PATIENCE) -> Iterator[Shrink]:
    """Hold `most` bytes of `budget` until closed; yields a function that gives back all but so many.

    Raises `FetchError`: "too big" where `most` is more than the whole budget, "busy" where no room came in time.
    """
    if most > budget:
        raise FetchError("too big", f"needs {most} bytes; the budget of all downloads is {budget} (NITRO_DOWNLOAD_GB).")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid.uuid4().hex}.room"
    with ExitStack() as held:
        with (folder / "turn").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            _wait(folder, budget - most, patience)
            fcntl.flock(held.enter_context(path.open("x")), fcntl.LOCK_EX)
            held.callback(path.unlink)
            _say(path, most)
        yield lambda needed: _say(path, min(needed, most))


def _wait(folder: Path, others: int, patience: float) -> None:
    until = time.monotonic() + patience
    while sum(_held(path) for path in folder.glob("*.room")) > others:
        if time.monotonic() >= until:
            raise FetchError("busy", "found no room for it among the other downloads; raise NITRO_DOWNLOAD_GB.")
        time.sleep(POLL)


def _held(path: Path) -> int:
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


def _say(path: Path, count: int) -> None:
    with path.open("r+") as file:
        file.write(f"{count:020d}")  # one length, so that it is never read half written
