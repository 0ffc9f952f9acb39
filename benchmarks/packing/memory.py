"""Memory of a training's batches from 1, 10 and 100 labelled hours, each in a process of its own.

The hours are one clip under as many keys, and nothing that was decoded of one is taken for another.
"""

import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure
from benchmarks.packing.clips import play
from nitro_assets.lake.files.cache import ClipCache
from nitro_ml.core.actions import Actions
from nitro_ml.core.clip import Clip
from nitro_ml.core.files.spill import Spill
from nitro_ml.models.idm.train import share_held
from nitro_ml.models.policy.config import load_recipe
from nitro_ml.models.policy.data import Chunks

FRAMES, SIZE = 600, 64
HOURS = (1, 10, 100)


def memory(quick: bool) -> Iterator[Figure]:
    """Of clips of 20 s with their labels, and batches of the policy `small`."""
    hours, batches = ((1, 2), 2) if quick else (HOURS, 120)
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
                peaks[many] = alone.submit(_peak, folder, many * 180, batches).result()
                yield Figure(f"{batches} batches from {many} h: memory at most", peaks[many], "MB")
    ratio = max(peaks.values()) / min(peaks.values())
    yield Figure(f"the same, most / least of {list(hours)} h", ratio, "ratio", 1.1, "lower")


def _peak(folder: str, clips: int, batches: int) -> float:
    """MB that the system couldn't take back, at most, from handles and labels to the last batch of a policy."""
    with _watched() as most:
        cache, rng, found = ClipCache(folder), np.random.default_rng(0), []
        with tempfile.TemporaryDirectory(dir=folder) as spilled:
            spill = Spill(Path(spilled))
            for number in range(clips):
                stored = cache.get(SIZE, "clip", f"{number}")
                assert stored is not None
                stored.rgb._digest = f"{number:016d}"
                buttons, sticks = rng.random((FRAMES, 17)) < 0.2, rng.random((FRAMES, 4), np.float32)
                actions = Actions(spill.keep(buttons), spill.keep(sticks))
                found.append(Clip(stored.rgb, spill.keep(stored.time), "game", f"{number}", actions))
            share_held(found)
            sampler = Chunks(found, load_recipe("small"))
            sampler.actions()
            for number in range(batches):
                sampler.batch(number)
    return most[0]


@contextmanager
def _watched() -> Iterator[list[float]]:
    """The process' anonymous memory in MB, at most; pages of files can be taken back at any time."""
    most, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            most[0] = max(most[0], int(told["RssAnon"].split()[0]) / 1e3)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield most
    finally:
        over.set()
        watching.join()
