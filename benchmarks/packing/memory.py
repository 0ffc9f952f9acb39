"""Peak memory of reading random windows from 1, 10 and 100 hours, each in a process of its own.

The hours are one clip under as many keys, and nothing that was decoded of one is taken for another.
"""

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure
from benchmarks.packing.clips import play
from nitro_assets.lake.files.cache import ClipCache

FRAMES, WINDOW, SIZE = 600, 18, 64
HOURS = (1, 10, 100)


def memory(quick: bool) -> Iterator[Figure]:
    """Of handles of clips of 20 s, and the times that clips hold beside them."""
    hours, windows = ((1, 2), 20) if quick else (HOURS, 2000)
    with tempfile.TemporaryDirectory(prefix="nitro-bench-") as folder:
        shown = np.concatenate([*play(SIZE, quick).values()])[:FRAMES]
        shown = np.resize(shown, (FRAMES, *shown.shape[1:]))
        cache = ClipCache(folder)
        cache.put(SIZE, "clip", "0", shown, np.arange(FRAMES) / 30)
        first = Path(folder, str(SIZE), "clip", "0.safetensors")
        for number in range(1, hours[-1] * 180):
            os.link(first, first.with_name(f"{number}.safetensors"))
        peaks = {}
        for many in hours:
            with ProcessPoolExecutor(1, get_context("spawn")) as alone:
                peaks[many] = alone.submit(_peak, folder, many * 180, windows).result()
                yield Figure(f"{windows} windows from {many} h: memory at most", peaks[many], "MB")
    ratio = max(peaks.values()) / min(peaks.values())
    yield Figure(f"the same, most / least of {list(hours)} h", ratio, "ratio", 1.1, "lower")


def _peak(folder: str, clips: int, windows: int) -> float:
    import torch  # noqa: F401 - as in every training

    cache, rng, handles = ClipCache(folder), np.random.default_rng(0), []
    for number in range(clips):
        found = cache.get(SIZE, "clip", f"{number}")
        assert found is not None
        found.rgb._digest = f"{number:016d}"
        handles.append(found.rgb)
    for _ in range(windows):
        start = int(rng.integers(FRAMES - WINDOW))
        handles[rng.integers(clips)][start : start + WINDOW]
    return _high_water()


def _high_water() -> float:
    """MB of this process alone: what `getrusage` tells begins with what the process that started it took."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3
