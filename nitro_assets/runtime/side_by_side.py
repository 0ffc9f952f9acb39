"""Partitions made side by side, a process and a core each: trainings of small networks, whose threads would wait for
each other."""

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from joblib import Parallel, delayed

from nitro_ml.core.progress import Progress

T = TypeVar("T")
LOOK = 0.5
"""Seconds between two looks at how far they are."""


def side_by_side(make: Callable[[str, Progress], T], partitions: Sequence[str], tell: Progress) -> Iterator[T]:
    """`make(partition, tell)` of each partition, in their order; `tell` hears how far all of them are together.

    What `make` raises ends them all, as Ctrl-C does.
    """
    with tempfile.TemporaryDirectory(prefix="nitro-messages-") as folder:
        files = [Path(folder, str(number)) for number in range(len(partitions))]
        over = threading.Event()
        telling = threading.Thread(target=_tell, args=(partitions, files, tell, over))
        telling.start()
        cores = Parallel(n_jobs=min(len(partitions), os.cpu_count() or 1), return_as="generator")
        try:
            yield from cores(delayed(_made)(make, *each) for each in zip(partitions, files, strict=True))
        finally:
            over.set()
            telling.join()


def _made(make: Callable[[str, Progress], T], partition: str, file: Path) -> T:
    def tell(fraction: float, message: str) -> None:
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps([fraction, message]))
        draft.rename(file)

    return make(partition, tell)


def _tell(partitions: Sequence[str], files: Sequence[Path], tell: Progress, over: threading.Event) -> None:
    """What is new in the files, until all is over."""
    heard: dict[str, tuple[float, str]] = {}
    ended = False
    while not ended:
        ended = over.wait(LOOK)
        for partition, file in zip(partitions, files, strict=True):
            if file.exists() and heard.get(partition) != (told := tuple(json.loads(file.read_text()))):
                heard[partition] = told
                tell(sum(done for done, _ in heard.values()) / len(partitions), f"{partition}: {told[1]}")
