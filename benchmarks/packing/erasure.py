"""Taking one video of a thousand out of the clip cache: the time beside that of another one alone, and the bytes."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.figures import Figure
from benchmarks.packing.clips import play
from nitro_assets.lake.files.cache import ClipCache

CLIPS = 30
"""Of a video: ten minutes."""
ROUNDS = 9


def erasure(quick: bool, bucket: str) -> Iterator[Figure]:
    """In a folder of a thousand, and in a bucket of a hundred, as its server is a test's."""
    with tempfile.TemporaryDirectory(prefix="nitro-bench-") as folder:
        yield from _figures(folder, 10 if quick else 1000, CLIPS, "a folder", quick)
    yield from _figures(f"{bucket}/erasure", 3 if quick else 100, 3, "a bucket", quick)


def _figures(root: str, videos: int, clips: int, where: str, quick: bool) -> Iterator[Figure]:
    cache = ClipCache(root)
    shown = play(64, quick)["pong"][:40]
    alone = median(_erase(cache, _put(cache, shown, 0, clips)) for _ in range(ROUNDS))
    for number in range(videos):
        _put(cache, shown, number, clips)
    before = cache.evict(float("inf"), float("inf"))
    among = median(_erase(cache, f"{number * videos // ROUNDS:032x}") for number in range(ROUNDS))
    gone = before - cache.evict(float("inf"), float("inf"))
    yield Figure(f"taking one video of {videos} out of {where}", among, "s")
    yield Figure(f"a video alone in {where}", alone, "s")
    yield Figure(
        f"bytes removed from {where} / the video's own",
        gone / (before / videos) / min(ROUNDS, videos),
        "ratio",
        1.0,
        "lower",
    )


def _put(cache: ClipCache, shown: np.ndarray, number: int, clips: int) -> str:
    """A video's clips: one is packed, the others are copies of it."""
    key = f"{number:032x}"
    cache.put(64, key, "0", shown, np.arange(len(shown)) / 30)
    if "://" not in cache.url:
        first = Path(cache.url, "64", key, "0.safetensors")
        for clip in range(1, clips):
            first.with_name(f"{clip}.safetensors").write_bytes(first.read_bytes())
    return key


def _erase(cache: ClipCache, key: str) -> float:
    started = time.perf_counter()
    cache.erase(key)
    return time.perf_counter() - started
