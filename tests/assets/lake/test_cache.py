"""The clip cache: whole clips or none, bounded by size and age, erased by video."""

import os
import time
from pathlib import Path

import numpy as np

from nitro_assets.lake.files.cache import ClipCache, clip_cache
from nitro_assets.settings import Settings
from tests.assets.rows import ANNA, BERT

FRAMES = np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)
TIMES = np.arange(4) / 30


def test_a_clip_comes_back_bit_for_bit_and_a_cut_off_one_never(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path)
    assert cache.get(8, ANNA, "chunk-00000") is None
    cache.put(8, ANNA, "chunk-00000", FRAMES, TIMES)
    found = cache.get(8, ANNA, "chunk-00000")
    assert found is not None
    assert np.array_equal(found[0], FRAMES)
    assert np.array_equal(found[1], TIMES)
    assert cache.get(16, ANNA, "chunk-00000") is None
    next(tmp_path.glob("*/*/*.time.npy")).unlink()
    assert cache.get(8, ANNA, "chunk-00000") is None


def test_the_longest_unused_leave_first(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path)
    for number, name in enumerate("abc"):
        cache.put(8, ANNA, name, FRAMES, TIMES)
        when = time.time() - 100 + number
        os.utime(tmp_path / "8" / ANNA / f"{name}.time.npy", (when, when))
    cache.get(8, ANNA, "a")
    one = sum(p.stat().st_size for p in tmp_path.rglob("a.*"))
    cache.evict(2 * one, 1000)
    assert [name for name in "abc" if cache.get(8, ANNA, name)] == ["a", "c"]
    cache.evict(1e9, 0.0)
    assert not cache.holds(ANNA)


def test_halves_of_downloads_leave_with_the_others_but_not_while_somebody_is_at_it(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path)
    with cache.download(BERT) as empty:
        assert empty is not None
    assert not cache.holds(BERT)
    for key in (ANNA, BERT):
        with cache.download(key) as folder:
            assert folder is not None
            (folder / "half.part").write_bytes(bytes(1000))
    with cache.download(ANNA) as folder:
        assert folder is not None
        assert (folder / "half.part").stat().st_size == 1000
        cache.evict(500, 1000)
        assert (cache.holds(ANNA), cache.holds(BERT)) == (True, False)
    cache.evict(1000, 1000)
    assert cache.holds(ANNA)
    cache.evict(1e9, 0.0)
    assert not cache.holds(ANNA)


def test_erase_takes_one_video_at_all_sizes(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path)
    for size, key in ((8, ANNA), (16, ANNA), (8, BERT)):
        cache.put(size, key, "x", FRAMES, TIMES)
    assert cache.erase(ANNA) == 2
    assert (cache.holds(ANNA), cache.holds(BERT)) == (False, True)


def test_turned_off_it_leaves_nothing(settings: Settings) -> None:
    with clip_cache(settings.model_copy(update={"cache_gb": 0.0})) as cache:
        cache.put(8, ANNA, "x", FRAMES, TIMES)
        assert cache.get(8, ANNA, "x") is not None
    assert not settings.cache.exists()
    assert cache.get(8, ANNA, "x") is None
