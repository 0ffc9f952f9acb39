"""Streaming inference: every frame is encoded once, memory is bounded, and the batches' borders leave no trace.

Work is done in blocks of a fixed size, counted from the first frame, the last one padded: so the results are the same
bit for bit, however the frames come in. A block is read by windows like those of the training, which overlap by the
edges that no action is taken from. They run at the model's rate; of a faster video several interleaved sets are read.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nitro_ml.training.device import arithmetic
from nitro_ml.models.idm.model import IDM
from nitro_ml.core.timeline import nearest
from nitro_ml.video.decode import Frames

BLOCK = 128
ON_GPU = 1024  # frames that are encoded at a time there; fewer are mostly the starting of kernels
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
    """Before calibration. time: float64 [n]; logits: float32 [n, 17]; sticks: float32 [n, 4]; features: float32
    [n, d], the encoded frames that they were read from."""

    time: NDArray[np.float64]
    logits: NDArray[np.float32]
    sticks: NDArray[np.float32]
    features: NDArray[np.float32]


@torch.inference_mode()
def infer(model: IDM, frames: Iterable[Frames]) -> Iterator[Raw]:
    """Raw actions of every frame, in order, BLOCK at a time."""
    reach = (model.edge + model.length + 1) / model.rate
    for block in blocks(_encoded(model, frames), (model.edge + 1) / model.rate, reach):
        times, window, place = windows(block.time, model.length, model.edge, model.rate)
        with arithmetic(model):
            seen = model(torch.from_numpy(block.at(times)).to(model.device))
        logits, sticks = (part.float().cpu().numpy()[window, place] for part in (seen.buttons, seen.sticks))
        yield Raw(block.time, logits, sticks, block.rows.values[block.first : block.last])


def windows(
    time: NDArray[np.float64], length: int, edge: int, rate: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Windows of `rate` steps a second that cover frames at the given times, [n].

    Returns their times [w, edge + length + edge], and for each frame its window and its place in it, in the middle.
    Windows in which no frame lies are left out, so that a gap in a video costs nothing.
    """
    gap = float(np.median(np.diff(time))) if len(time) > 1 else 1 / rate
    phases = int(np.clip(round(1 / (rate * max(gap, 1e-6))), 1, FASTEST // rate))
    step, phase = np.divmod(np.rint((time - time[0]) * rate * phases).astype(np.int64), phases)
    number, place = np.divmod(step, length)
    found, window = np.unique(np.stack([number, phase]), axis=1, return_inverse=True)
    start = time[0] + (found[0] * length + found[1] / phases) / rate
    return start[:, None] + np.arange(-edge, length + edge) / rate, window.reshape(-1), edge + place


def _encoded(model: IDM, frames: Iterable[Frames]) -> Iterator[Rows]:
    before, after = (max(0, *(sign * o for o in model.offsets), 0) for sign in (-1, 1))
    stream = (Rows(f.time, f.rgb) for f in frames)
    size = ON_GPU if model.device.type == "cuda" else BLOCK
    for block in blocks(stream, (before + 0.5) / model.rate, (after + 0.5) / model.rate, size):
        time = np.pad(block.time, (0, size - len(block.time)), mode="edge")
        places = np.stack([block.nearest(time + o / model.rate) for o in (0, *model.offsets)])
        first, last = places.min(), places.max() + 1
        # To the device once, however many views look at a frame; torch takes no array that can't be written to.
        pixels = torch.from_numpy(np.require(block.rows.values[first:last], requirements="W")).to(model.device)
        views = [pixels.index_select(0, place) for place in torch.from_numpy(places - first).to(model.device)]
        with arithmetic(model):
            encoded = model.encode(views).float().cpu().numpy()
        yield Rows(block.time, encoded[: len(block.time)])


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
