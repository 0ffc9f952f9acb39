"""Streaming inference: every frame is encoded once, memory is bounded, and the batches' borders leave no trace.

Work is done in blocks of a fixed size, counted from the first frame, the last one padded: so the results are the same
bit for bit, however the frames come in.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nitro_ml.idm.model import IDM, RATE
from nitro_ml.metrics.align import nearest
from nitro_ml.video import Frames

BLOCK = 128


@dataclass(frozen=True)
class Rows:
    """Consecutive rows of a stream: time float64 [n], and values [n, ...]."""

    time: NDArray[np.float64]
    values: NDArray[np.generic]


@dataclass(frozen=True)
class Block:
    """Rows first..last of `rows`; around them whatever is known of the neighbourhood that was asked for."""

    rows: Rows
    first: int
    last: int

    @property
    def time(self) -> NDArray[np.float64]:
        return self.rows.time[self.first : self.last]

    def at(self, time: NDArray[np.float64]) -> NDArray[np.generic]:
        """The rows nearest to the given times, the last one repeated up to BLOCK."""
        index = nearest(self.rows.time, time)
        return self.rows.values[np.pad(index, [(0, BLOCK - len(index))] + [(0, 0)] * (index.ndim - 1), mode="edge")]


@dataclass(frozen=True)
class Raw:
    """Before calibration. time: float64 [n]; logits: float32 [n, 17]; sticks: float32 [n, 4]; features: float32
    [n, d], the encoded frames that they were read from."""

    time: NDArray[np.float64]
    logits: NDArray[np.float32]
    sticks: NDArray[np.float32]
    features: NDArray[np.float32]


@torch.inference_mode()
def infer(model: IDM, frames: Iterable[Frames]) -> Iterator[Raw]:
    """Raw actions of every frame, in order, BLOCK at a time."""
    reach = (model.reach + 0.5) / RATE
    offsets = np.arange(-model.reach, model.reach + 1) / RATE
    for block in blocks(_encoded(model, frames), reach, reach):
        around = torch.from_numpy(block.at(block.time[:, None] + offsets))
        buttons, sticks = (part[:, 0].numpy()[: len(block.time)] for part in model(around))
        yield Raw(block.time, buttons, sticks, around[:, model.reach].numpy()[: len(block.time)])


def _encoded(model: IDM, frames: Iterable[Frames]) -> Iterator[Rows]:
    for block in blocks((Rows(f.time, f.rgb) for f in frames), 0.0, 1.5 / RATE):
        pair = (torch.from_numpy(block.at(block.time + later)) for later in (0, 1 / RATE))
        yield Rows(block.time, model.encode(*pair).numpy()[: len(block.time)])


def blocks(stream: Iterable[Rows], before: float, after: float) -> Iterator[Block]:
    """The stream cut into blocks of BLOCK rows, each with its neighbours of `before` and `after` seconds."""
    rows: Rows | None = None
    first = 0
    for part in stream:
        rows = part if rows is None else _joined(rows, part)
        while first + BLOCK <= len(rows.time) and rows.time[-1] >= rows.time[first + BLOCK - 1] + after:
            yield Block(rows, first, first + BLOCK)
            first += BLOCK
            behind = int(np.searchsorted(rows.time, rows.time[min(first, len(rows.time) - 1)] - before)) - 1
            drop = max(0, min(behind, first))
            rows, first = Rows(rows.time[drop:], rows.values[drop:]), first - drop
    while rows is not None and first < len(rows.time):
        last = min(first + BLOCK, len(rows.time))
        yield Block(rows, first, last)
        first = last


def _joined(a: Rows, b: Rows) -> Rows:
    return Rows(np.concatenate([a.time, b.time]), np.concatenate([a.values, b.values]))
