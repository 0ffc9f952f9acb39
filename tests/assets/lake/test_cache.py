"""The clip cache: whole clips or none, bounded while it is written, erased by video; in a folder and in a bucket."""

import os
import shutil
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from nitro_assets.lake.files.cache import DRAFT_SECONDS, SPARE, CacheFullError, ClipCache, clip_cache
from nitro_assets.lake.files.video_downloads import VideoDownloads
from nitro_assets.settings import Settings
from tests.assets.rows import ANNA, BERT

FRAMES = np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)
TIMES = np.arange(4) / 30


def check(root: str) -> None:
    """What holds for a folder and for a bucket."""
    cache = ClipCache(root)
    assert cache.get(8, ANNA, "chunk-00000") is None
    assert (cache.names(8, ANNA), cache.count(ANNA), cache.holds(ANNA)) == (set(), 0, False)
    for size, key, name in ((8, ANNA, "chunk-00000"), (16, ANNA, "chunk-00000"), (8, BERT, "x")):
        cache.put(size, key, name, FRAMES, TIMES)
    with cache.beside(16, ANNA, "worst.png") as picture:
        picture.write_bytes(b"a picture")
    found = ClipCache(root).get(8, ANNA, "chunk-00000")
    assert found is not None
    assert found.rgb.shape == FRAMES.shape
    assert np.abs(found.rgb[:].astype(int) - FRAMES).mean() < 8
    assert np.array_equal(found.time, TIMES)
    assert cache.get(32, ANNA, "chunk-00000") is None
    assert (cache.names(8, ANNA), cache.count(ANNA)) == ({"chunk-00000"}, 2)
    assert cache.erase(ANNA) == 2
    assert (cache.holds(ANNA), cache.holds(BERT)) == (False, True)
    assert cache.erase(ANNA) == 0
    assert cache.evict(1e9, 1000) > 0
    assert cache.evict(1e9, 0.0) == 0
    assert not cache.holds(BERT)


def test_a_folder_holds_clips_by_video(tmp_path: Path) -> None:
    check(str(tmp_path / "not there yet"))


def test_a_bucket_holds_clips_by_video(on_s3: Settings) -> None:
    check(on_s3.cache)
    bounded(on_s3.cache)


def bounded(root: str) -> None:
    """Two processes write, neither needs what it wrote: it never holds more than its limit."""
    ClipCache(root).put(8, ANNA, "0", FRAMES, TIMES)
    one = ClipCache(root).evict(1e9, 1000)
    writers = [ClipCache(root, 3.5 * one) for _ in range(2)]
    for number in range(5):
        writers[number % 2].put(8, BERT, f"{number}", FRAMES, TIMES, needed=False)
        assert ClipCache(root).evict(1e9, 1000) <= 3.5 * one
    assert "4" in ClipCache(root).names(8, BERT)
    assert not ClipCache(root).holds(ANNA), "the oldest has left"


def test_it_is_bounded_while_it_is_written(tmp_path: Path) -> None:
    bounded(str(tmp_path))
    one = next(tmp_path.rglob("4.*")).stat().st_size
    job = ClipCache(tmp_path, 2.5 * one)
    for name in ("a", "b"):
        job.put(8, ANNA, name, FRAMES, TIMES)
    with pytest.raises(CacheFullError, match="NITRO_CACHE_GB") as error:
        job.put(8, ANNA, "c", FRAMES, TIMES)
    assert ANNA not in str(error.value)
    job.put(8, ANNA, "d", FRAMES, TIMES, needed=False)
    assert job.names(8, ANNA) == {"a", "b"}, "what a job needs stays, and what it doesn't need is left out"


def test_a_full_disk_is_told_before_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, SPARE + 10))
    cache = ClipCache(tmp_path)
    with pytest.raises(CacheFullError, match=r"found 10 bytes beside the 500000000.*NITRO_CACHE"):
        with pytest.raises(KeyboardInterrupt):
            cache.put(8, ANNA, "a", FRAMES, TIMES)
    assert not cache.holds(ANNA)


def test_the_longest_unused_leave_first(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path)
    for number, name in enumerate("abc"):
        cache.put(8, ANNA, name, FRAMES, TIMES)
        when = time.time() - 100 + number
        os.utime(tmp_path / "8" / ANNA / f"{name}.safetensors", (when, when))
    cache.get(8, ANNA, "a")
    one = next(tmp_path.rglob("a.*")).stat().st_size
    cache.evict(2 * one, 1000)
    assert [name for name in "abc" if cache.get(8, ANNA, name)] == ["a", "c"]
    cache.evict(1e9, 0.0)
    assert not cache.holds(ANNA)


def test_what_is_cut_off_never_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ClipCache(tmp_path)

    def killed(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        patched.setattr(Path, "unlink", lambda self, missing_ok=False: None)
        with pytest.raises(KeyboardInterrupt):
            cache.put(8, ANNA, "a", FRAMES, TIMES)
    (left,) = tmp_path.rglob("*.draft")
    assert (cache.get(8, ANNA, "a"), cache.count(ANNA), cache.names(8, ANNA)) == (None, 0, set())
    cache.evict(1e9, 1000)
    assert left.exists(), "somebody may be at it"
    os.utime(left, (0, time.time() - 2 * DRAFT_SECONDS))
    cache.evict(1e9, 1e9)
    assert not left.exists()


def test_arrays_of_an_older_cache_are_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "8" / ANNA
    folder.mkdir(parents=True)
    for kind, array in (("frames", FRAMES), ("time", TIMES)):
        np.save(folder / f"chunk-00000.{kind}.npy", array)
    cache = ClipCache(tmp_path, 10_000)
    assert cache.get(8, ANNA, "chunk-00000") is None
    assert cache.holds(ANNA)
    cache.put(8, ANNA, "chunk-00000", FRAMES, TIMES)
    assert [path.name for path in folder.iterdir()] == ["chunk-00000.safetensors"]


def test_halves_of_downloads_leave_with_age_and_size_but_not_while_somebody_is_at_it(tmp_path: Path) -> None:
    downloads = VideoDownloads(tmp_path)
    with downloads.enter(BERT) as empty:
        assert empty is not None
    assert not downloads.holds(BERT)
    for key in (ANNA, BERT):
        with downloads.enter(key) as folder:
            assert folder is not None
            (folder / "half.part").write_bytes(bytes(1000))
    with downloads.enter(ANNA) as folder:
        assert folder is not None
        assert (folder / "half.part").stat().st_size == 1000
        downloads.evict(500, 1000)
        assert (downloads.holds(ANNA), downloads.holds(BERT)) == (True, False)
    downloads.evict(1000, 1000)
    assert downloads.holds(ANNA)
    downloads.evict(1e9, 0.0)
    assert not downloads.holds(ANNA)


def test_turned_off_it_leaves_nothing(settings: Settings) -> None:
    with clip_cache(settings.model_copy(update={"cache_gb": 0.0})) as cache:
        cache.put(8, ANNA, "x", FRAMES, TIMES)
        assert cache.get(8, ANNA, "x") is not None
    assert not settings.cache_folder.exists()
    assert cache.get(8, ANNA, "x") is None
