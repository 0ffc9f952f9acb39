"""Partitions made side by side, a process and a core each: trainings of small networks, whose threads would wait for
each other."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import Manager
from queue import Queue
from typing import Any, TypeVar

from joblib import Parallel, delayed

from nitro_ml.core.progress import Progress

T = TypeVar("T")
Told = tuple[str, float, str]


def side_by_side(make: Callable[[str, Progress], T], partitions: Sequence[str], tell: Progress) -> Iterator[T]:
    """`make(partition, tell)` of each partition, in their order; `tell` hears how far all of them are together.

    What `make` raises ends them all, as Ctrl-C does.
    """
    with Manager() as manager:
        told: Queue[Told | None] = manager.Queue()
        telling = threading.Thread(target=_tell, args=(told, len(partitions), tell), daemon=True)
        telling.start()
        cores = min(len(partitions), os.cpu_count() or 1)
        made = Parallel(n_jobs=cores, return_as="generator")
        try:
            yield from made(delayed(_made)(make, partition, told) for partition in partitions)
        finally:
            told.put(None)
            telling.join()


def _made(make: Callable[[str, Progress], T], partition: str, told: Any) -> T:
    return make(partition, lambda fraction, message: told.put((partition, fraction, message)))


def _tell(told: "Queue[Told | None]", count: int, tell: Progress) -> None:
    done: dict[str, float] = {}
    while news := told.get():
        partition, fraction, message = news
        done[partition] = fraction
        tell(sum(done.values()) / count, f"{partition}: {message}")
