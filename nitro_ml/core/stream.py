"""A stream of rows in time order, cut into blocks that know their neighbourhood; memory is bounded.

Blocks have a fixed size, counted from the first row, so that what is made of them is the same bit for bit, however the
rows come in.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.timeline import nearest

BLOCK = 128
FASTEST = 240  # frames a second; of a video faster than that, some frames share an action


@dataclass(frozen=True)
class Rows:
    """Consecutive rows of a stream: time float64 [n], and values [n, ...]."""

    time: NDArray[np.float64]
    values: NDArray[Any]


@dataclass(frozen=True)
class Block:
    """Rows first..last of `rows`; around them whatever is known of the neighbourhood that was asked for."""

    rows: Rows
    first: int
    last: int

    @property
    def time(self) -> NDArray[np.float64]:
        return self.rows.time[self.first : self.last]

    def nearest(self, time: NDArray[np.float64]) -> NDArray[np.int64]:
        """Which of the rows are nearest to the given times, [...]."""
        return nearest(self.rows.time, time)

    def at(self, time: NDArray[np.float64]) -> NDArray[Any]:
        """The rows nearest to the given times, [...]."""
        return self.rows.values[self.nearest(time)]


@dataclass(frozen=True)
class Raw:
    """What a model says of n frames, before calibration.

    time: float64 [n]; logits: float32 [n, 17]; sticks: float32 [n, 4]; features: float32 [n, d], the encoded frames
    that they were read from.
    """

    time: NDArray[np.float64]
    logits: NDArray[np.float32]
    sticks: NDArray[np.float32]
    features: NDArray[np.float32]


def blocks(stream: Iterable[Rows], before: float, after: float, size: int = BLOCK) -> Iterator[Block]:
    """The stream cut into blocks of `size` rows, each with its neighbours of `before` and `after` seconds.

    Of those it has at most `_most`, so that memory is bounded whatever the times say.
    """
    before_rows, after_rows = _most(before), _most(after)
    waiting: list[Rows] = []
    first = 0
    for part in stream:
        waiting.append(part)
        if sum(len(rows.time) for rows in waiting) < first + size:
            continue
        rows = _joined(waiting)
        while (last := first + size) <= len(rows.time) and (
            rows.time[-1] >= rows.time[last - 1] + after or len(rows.time) >= last + after_rows
        ):
            yield _block(rows, first, last, before_rows, after_rows)
            first = last
            behind = int(np.searchsorted(rows.time, rows.time[min(first, len(rows.time) - 1)] - before)) - 1
            drop = max(0, min(behind, first), first - before_rows)
            rows, first = Rows(rows.time[drop:], rows.values[drop:]), first - drop
        waiting = [rows]
    if waiting:
        rows = _joined(waiting)
        for start in range(first, len(rows.time), size):
            yield _block(rows, start, min(start + size, len(rows.time)), before_rows, after_rows)


def _most(seconds: float) -> int:
    """Rows of so many seconds at twice the fastest rate that is read, and a block of them more."""
    return BLOCK + math.ceil(2 * seconds * FASTEST)


def _block(rows: Rows, first: int, last: int, before: int, after: int) -> Block:
    """Rows first..last with at most so many before and after them: the same ones, however the stream came in."""
    start, end = max(0, first - before), last + after
    return Block(Rows(rows.time[start:end], rows.values[start:end]), first - start, last - start)


def _joined(parts: Sequence[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]
    return Rows(np.concatenate([p.time for p in parts]), np.concatenate([p.values for p in parts]))
