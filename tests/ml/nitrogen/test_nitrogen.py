"""Reading NitroGen's layout: what a good shard yields, in whatever order and from wherever."""

import gzip
import random
import tracemalloc
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

from nitro_ml.core.box import Box
from nitro_ml.nitrogen import NitrogenError, find, fingerprint, shards
from nitro_ml.nitrogen.chunk import Area, Chunk
from nitro_ml.nitrogen.reader import read_shard
from tests.ml.nitrogen.nitrogen_files import (
    FRAMES,
    VIDEO,
    chunk_files,
    member,
    metadata,
    parquet,
    path,
    table,
    tar,
    write_archive,
    write_folder,
)

FILES = chunk_files(0, both=True) | chunk_files(1) | chunk_files(2, both=True)


def chunks(root: str, shard: str = "SHARD_0000") -> list[Chunk]:
    found = list(read_shard(root, shard))
    assert all(isinstance(c, Chunk) for c in found), found
    return sorted((c for c in found if isinstance(c, Chunk)), key=lambda c: c.chunk)


def test_folder_and_archive_in_any_order_hold_the_same_chunks(tmp_path: Path) -> None:
    roots = [write_folder(tmp_path / "folder", FILES)]
    for seed in range(2):
        names = random.Random(seed).sample(sorted(FILES), len(FILES))
        content = gzip.compress(tar([member("./" + n, FILES[n]) for n in names]))
        roots.append(write_archive(tmp_path / str(seed), content))
    for root in roots:
        found = chunks(root)
        assert [c.variant for c in found] == ["processed", "raw", "processed"]
        assert [(c.source, c.video_id, c.chunk, c.frames) for c in found] == [
            ("youtube", VIDEO, i, FRAMES) for i in range(3)
        ]
        for got, labels in zip(found, (table(seed=100), table(seed=1), table(seed=102)), strict=True):
            np.testing.assert_array_equal(got.actions.buttons[:, 14], labels["south"].to_numpy())
            np.testing.assert_allclose(got.actions.sticks[:, :2], labels["j_left"].to_list(), atol=1e-6)


def test_buttons_of_every_published_type_read_alike(tmp_path: Path) -> None:
    files: dict[str, bytes] = {}
    for i, dtype in enumerate((bool, np.int32, np.float64)):
        files |= chunk_files(i, raw=parquet(table(dtype=dtype)))
    for chunk in chunks(write_folder(tmp_path, files)):
        np.testing.assert_array_equal(chunk.actions.buttons[:, 14], table()["south"].to_numpy())


def test_times_come_from_the_timestamps_and_boxes_from_both_units(tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "video": {"start_time": 40.5, "end_time": 42.5},  # 20 frames a second, whatever the nominal rate
        "bbox_controller_overlay": [-2.5, 200.2, 100, 60],  # published boxes reach outside the frame
        "bbox_game_area": {"xtl": 0.25, "ytl": 0, "xbr": 1.0, "ybr": 0.5},
    }
    (chunk,) = chunks(write_folder(tmp_path, chunk_files(metadata=metadata(7, **fields))))
    np.testing.assert_allclose(chunk.time, 40.5 + np.arange(FRAMES) * 0.05)
    assert chunk.overlay == Box(0, 200, 98, 40)
    assert chunk.game_area == Area(0.25, 0.0, 0.75, 0.5)


def test_any_fsspec_address_will_do() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/nitrogen/actions/SHARD_0001.tar.gz", gzip.compress(tar([member(n, d) for n, d in FILES.items()])))
    memory.pipe({f"/nitrogen/actions/{n}": d for n, d in FILES.items()})
    assert shards("memory://nitrogen") == ["SHARD_0000", "SHARD_0001"]
    assert [c.variant for s in ("SHARD_0000", "SHARD_0001") for c in chunks("memory://nitrogen", s)] == [
        "processed",
        "raw",
        "processed",
    ] * 2


def test_a_shard_that_is_missing_or_there_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(NitrogenError, match="no shard found"):
        shards(str(tmp_path))
    write_archive(tmp_path, b"")
    with pytest.raises(NitrogenError, match="'SHARD_0042' not found"):
        list(read_shard(str(tmp_path), "SHARD_0042"))
    write_folder(tmp_path, FILES)
    with pytest.raises(NitrogenError, match=r"actions/SHARD_0000 and actions/SHARD_0000\.tar\.gz"):
        shards(str(tmp_path))


def test_the_fingerprint_follows_every_file(tmp_path: Path) -> None:
    root = write_folder(tmp_path, FILES)
    before = fingerprint(find(root, "SHARD_0000"))
    assert before == fingerprint(find(root, "SHARD_0000"))
    (tmp_path / "actions" / path(2, "metadata.json")).write_bytes(metadata(2, game="boxing"))
    assert fingerprint(find(root, "SHARD_0000")) != before


def test_memory_does_not_grow_with_the_shard(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        padding = random.Random(0).randbytes(200_000)  # of a file that nobody asked for
        files = {n: d for i in range(count) for n, d in (chunk_files(i) | {path(i, "notes.txt"): padding}).items()}
        root = write_archive(tmp_path / str(count), gzip.compress(tar([member(n, d) for n, d in files.items()]), 0))
        del files
        tracemalloc.start()
        assert sum(isinstance(c, Chunk) for c in read_shard(root, "SHARD_0000")) == count
        high = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return high

    peak(1)  # imports
    small, large = peak(6), peak(60)
    assert large < small + 2_000_000, "12 MB of shard were read"
