"""A clip's frames where they lie, packed: an array to those who read from it, of which only what is asked is decoded.

A handle takes about a kilobyte, so a training on hundreds of hours holds handles. What was decoded last stays in
memory, `MEMORY` bytes of it in each process: small corpora are read at the speed of memory.
"""

import os
import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.video.encoded.clip_file import Head, read
from nitro_ml.video.encoded.codec import BLOCK, ClipFileError, unpack

MEMORY = 2**30
"""Bytes of decoded blocks that a process keeps: 48 minutes at 64 x 64, three at 256 x 256."""

Key = tuple[str, int]
"""A clip's digest and the number of a block."""
Pixels = NDArray[np.uint8]


class _Decoded:
    """The blocks decoded last, up to so many bytes. A forked process begins with none."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.clear()

    def clear(self) -> None:
        self._lock = threading.Lock()
        self._blocks: OrderedDict[Key, Pixels] = OrderedDict()
        self._size = 0
        self._process = os.getpid()

    def _own(self) -> threading.Lock:
        if self._process != os.getpid():
            self.clear()
        return self._lock

    def get(self, key: Key) -> Pixels | None:
        with self._own():
            if (found := self._blocks.get(key)) is not None:
                self._blocks.move_to_end(key)
            return found

    def put(self, key: Key, block: Pixels) -> None:
        with self._own():
            if key in self._blocks:
                return
            self._blocks[key] = block
            self._size += block.nbytes
            while self._size > self.limit and self._blocks:
                self._size -= self._blocks.popitem(last=False)[1].nbytes


decoded = _Decoded(MEMORY)


class EncodedFrames:
    """uint8 [T, H, W, 3] RGB of a clip at `url`, or a part of it: frames `first` to `end`.

    `frames[i]`, `frames[a:b]` and `frames[rows]` with an array of whole numbers are arrays of one's own. Raises
    `FileNotFoundError` where the clip is gone, and `ClipFileError` where it is damaged.
    """

    __slots__ = ("_digest", "_end", "_first", "_offsets", "_side", "_total", "_url")

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, url: str, head: Head) -> None:
        self._url, self._offsets, self._digest = url, head.offsets, head.digest
        self._side = head.height, head.width
        self._first, self._end, self._total = 0, len(head.time), len(head.time)

    def __len__(self) -> int:
        return self._end - self._first

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self), *self._side, 3)

    @property
    def is_far(self) -> bool:
        """Whether reading waits for an answer from elsewhere."""
        return "://" in self._url

    @property
    def fingerprint(self) -> str:
        """The same for the same pixels, packed alike; known without reading them."""
        return f"{self._digest} {self._first} {self._end}"

    def part(self, first: int, end: int) -> "EncodedFrames":
        """Frames `first` to `end`, the end exclusive; nothing is read."""
        start, stop, _ = slice(first, end).indices(len(self))
        found = object.__new__(EncodedFrames)
        found._url, found._offsets, found._digest, found._side = self._url, self._offsets, self._digest, self._side
        found._first, found._end, found._total = self._first + start, self._first + max(start, stop), self._total
        return found

    def __getitem__(self, rows: int | np.integer[Any] | slice | NDArray[np.integer[Any]]) -> Pixels:
        if isinstance(rows, slice):
            return self._read(np.arange(*rows.indices(len(self))))
        wanted = np.asarray(rows)
        if not np.issubdtype(wanted.dtype, np.integer):
            raise IndexError(f"packed frames: found an index of {wanted.dtype}; allowed are whole numbers and slices.")
        if wanted.size and not (-len(self) <= wanted.min() and wanted.max() < len(self)):
            raise IndexError(f"packed frames: found an index outside of the {len(self)} frames.")
        wanted = np.where(wanted < 0, wanted + len(self), wanted)
        return self._read(wanted.reshape(-1)).reshape(*wanted.shape, *self.shape[1:])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)

    def _read(self, rows: NDArray[np.integer[Any]]) -> Pixels:
        out = np.empty((len(rows), *self._side, 3), np.uint8)
        places = [divmod(row, BLOCK) for row in (rows + self._first).tolist()]
        blocks = self._blocks(sorted({block for block, _ in places}))
        for frame, (block, within) in zip(out, places, strict=True):
            frame[...] = blocks[block][within]
        return out

    def _blocks(self, numbers: list[int]) -> dict[int, Pixels]:
        """Decoded blocks by number; the missing ones are read at once, with what lies between them."""
        found = {n: pixels for n in numbers if (pixels := decoded.get((self._digest, n))) is not None}
        missing = [n for n in numbers if n not in found]
        if missing:
            start, end = int(self._offsets[missing[0]]), int(self._offsets[missing[-1] + 1])
            data = read(self._url, start, end)
            if len(data) != end - start:
                raise ClipFileError("a packed clip: found the first part of its file only.")
            for run in _runs(missing):
                first, last = (int(self._offsets[n]) - start for n in (run[0], run[-1] + 1))
                pixels = unpack(data[first:last], min((run[-1] + 1) * BLOCK, self._total) - run[0] * BLOCK)
                for place, number in enumerate(run):
                    found[number] = pixels[place * BLOCK : (place + 1) * BLOCK].copy()
                    decoded.put((self._digest, number), found[number])
        return found


def _runs(numbers: list[int]) -> list[list[int]]:
    """Numbers in ascending order as runs without a gap."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
