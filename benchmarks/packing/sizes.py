"""Bytes a frame of packed play beside raw, how like the picture it is, and the time of packing and of a window."""

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.figures import Figure
from benchmarks.packing.clips import play
from nitro_ml.video.encoded.codec import BLOCK, pack, unpack

GOALS = {64: 10.0, 256: 30.0}
WINDOW = 3 * BLOCK


def sizes(quick: bool) -> Iterator[Figure]:
    """For both resolutions that recipes train at, over all games."""
    for size, goal in GOALS.items():
        raw = packed = seconds = window = 0.0
        errors, frames = [], 0
        games = play(size, quick)
        for shown in games.values():
            started = time.process_time()
            blocks = pack(shown)
            seconds += time.process_time() - started
            raw, packed, frames = raw + shown.nbytes, packed + sum(map(len, blocks)), frames + len(shown)
            errors.append(float(((unpack(b"".join(blocks), len(shown)).astype(np.float32) - shown) ** 2).mean()))
            started = time.process_time()
            unpack(b"".join(blocks[: WINDOW // BLOCK]), WINDOW)
            window += (time.process_time() - started) / len(games)
        yield Figure(f"{size} px: raw bytes / packed bytes", raw / packed, "ratio", goal)
        yield Figure(f"{size} px: packed", packed / frames, "bytes a frame")
        yield Figure(f"{size} px: likeness (PSNR)", float(10 * np.log10(255**2 / np.mean(errors))), "dB")
        yield Figure(f"{size} px: packing", seconds / frames * 1e3, "ms a frame")
        yield Figure(f"{size} px: decoding a window of {WINDOW} frames", window * 1e3, "ms")
