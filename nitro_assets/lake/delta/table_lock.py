"""Writers share a table, an erasure has it to itself.

Vacuuming at retention 0 also removes the files that a writer has written and not yet committed. On one machine a lock
keeps the two apart, and falls with its process; between machines it is Dagster's pools that do
(takedown/erase/pause_writers.py).
"""

import fcntl
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def table_lock(url: str, table: str, *, alone: bool = False) -> Iterator[None]:
    """Hold the table of the lake at `url`, together with others or alone; waits until that is possible."""
    lake = hashlib.sha256(url.encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / "nitro-locks"
    folder.mkdir(mode=0o777, exist_ok=True)
    with (folder / f"{lake}-{table}").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
