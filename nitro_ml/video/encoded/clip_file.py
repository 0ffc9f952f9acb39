"""A packed clip as one safetensors file, read from its beginning or in parts, from a folder or a bucket.

    time     float64 [T]    seconds from the container's first frame
    offsets  uint32 [K + 1] where each block of `codec.BLOCK` frames begins in `packets`; the last is their length
    packets  uint8 [N]      the blocks

`packets` comes last, so that the first few kilobytes tell all that is needed to read any window.
"""

import errno
import hashlib
import json
import os
import time as clock
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from nitro_ml.core.files.filesystem import place
from nitro_ml.video.encoded.codec import BLOCK, ClipFileError, pack

HEAD = 16_384
"""Bytes that are read first: the head of a clip of 20 s at 60 frames a second fits."""
USED = 3600.0
"""Seconds after which reading a file of this machine's marks it as used again: what is in use isn't the oldest."""
FORMAT = "nitro clip 1"


class Head(NamedTuple):
    """What is known of a clip without its pixels. offsets: of its blocks, from the file's first byte; digest: of its
    times and packets, 16 hex digits."""

    height: int
    width: int
    time: NDArray[np.float64]
    offsets: NDArray[np.uint32]
    digest: str


def to_bytes(frames: NDArray[np.uint8], time: NDArray[np.float64]) -> bytes:
    """A clip's file of frames, uint8 [T, H, W, 3], and times, float64 [T]."""
    blocks = pack(frames)
    packets = np.frombuffer(b"".join(blocks), np.uint8)
    offsets = np.cumsum([0, *map(len, blocks)], dtype=np.uint32)
    digest = hashlib.blake2b(packets.tobytes() + time.tobytes(), digest_size=8).hexdigest()
    facts = {"format": FORMAT, "height": str(frames.shape[1]), "width": str(frames.shape[2]), "digest": digest}
    return save({"time": np.asarray(time, np.float64), "offsets": offsets, "packets": packets}, facts)


def head(url: str) -> Head:
    """What a file says of its clip. Raises `FileNotFoundError`, and `ClipFileError` for another file or half of one."""
    start = read(url, 0, HEAD)
    length = int.from_bytes(start[:8], "little")
    if length > 1 << 20:
        raise ClipFileError("a packed clip: found another file in its place.")
    try:
        if len(start) < 8 + length:
            start = read(url, 0, 8 + length)
        header = json.loads(start[8 : 8 + length])
        facts, begin = header["__metadata__"], 8 + length + header["packets"]["data_offsets"][0]
        if facts["format"] != FORMAT:
            raise ClipFileError(f"a packed clip: found format {facts['format']!r}; allowed is {FORMAT!r}.")
        if len(start) < begin:
            start = read(url, 0, begin)
        tensors = start[8 + length :]
        time = np.frombuffer(tensors[slice(*header["time"]["data_offsets"])], np.float64)
        offsets = np.frombuffer(tensors[slice(*header["offsets"]["data_offsets"])], np.uint32)
        if len(offsets) != -(-len(time) // BLOCK) + 1:
            raise ClipFileError(f"a packed clip: found {len(offsets) - 1} blocks for {len(time)} frames.")
        found = Head(int(facts["height"]), int(facts["width"]), time, offsets + np.uint32(begin), facts["digest"])
    except ClipFileError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise ClipFileError(f"a packed clip: found a header that can't be read ({type(error).__name__}).") from None
    return found


def read(url: str, start: int, end: int) -> bytes:
    """The bytes from `start` to `end`, fewer where the file ends before. Nothing is held open: safe in any process.

    Raises `FileNotFoundError`, which doesn't tell the file's name.
    """
    try:
        if "://" in url:
            fs, path = place(url)
            return bytes(fs.cat_file(path, start=start, end=end))
        with open(url, "rb") as file:
            if clock.time() - os.fstat(file.fileno()).st_mtime > USED:
                with suppress(OSError):
                    os.utime(file.fileno())
            return os.pread(file.fileno(), end - start, start)
    except FileNotFoundError:
        told = "a packed clip isn't in its store: it was erased or evicted, or this machine doesn't share the store"
        raise FileNotFoundError(errno.ENOENT, told) from None
