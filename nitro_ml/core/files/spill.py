"""Arrays that are too many for the memory, in a temporary file that is read through a memory map."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEGMENT = 1 << 26
"""Bytes of the file in one memory map: a process may have some tens of thousands of maps, and so many clips."""
ALIGNED = 16


class Spill:
    """The file has no name, and is gone with the last of its arrays. What is read again and again stays in memory as
    long as nobody else needs the room.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it lives as long as its arrays
        self._segment: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._size = self._used = 0

    def keep(self, array: NDArray[Any]) -> NDArray[Any]:
        """The same array, read-only, in the file."""
        start = -(-self._used // ALIGNED) * ALIGNED
        if start + array.nbytes > len(self._segment):
            start = 0
            length = max(SEGMENT, array.nbytes)
            self._file.truncate(self._size + length)
            self._segment = np.memmap(self._file, np.uint8, "r+", offset=self._size, shape=(length,))
            self._size += -(-length // SEGMENT) * SEGMENT
        self._used = start + array.nbytes
        kept = self._segment[start : self._used].view(array.dtype).reshape(array.shape)
        kept[...] = array
        kept.flags.writeable = False
        return np.asarray(kept)
