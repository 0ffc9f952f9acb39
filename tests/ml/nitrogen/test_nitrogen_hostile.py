"""Bad shards: each bad thing is rejected by itself, by name, without the video's id; the good chunk beside it stays."""

import gzip
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nitro_ml.core.labels import LabelsError
from nitro_ml.nitrogen.chunk import Chunk, Reject
from nitro_ml.nitrogen.decoder import Decoder
from nitro_ml.nitrogen.metadata import MetadataError, parse
from nitro_ml.nitrogen.reader import read_shard
from nitro_ml.nitrogen.tarstream import TarError, members
from tests.ml.nitrogen.nitrogen_files import (
    FRAMES,
    VIDEO,
    Files,
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

GOOD = [member(n, d) for n, d in chunk_files(0).items()]
EVIL = path(1, "actions_raw.parquet")


def read(root: str) -> tuple[list[Chunk], list[Reject]]:
    found = list(read_shard(root, "SHARD_0000"))
    rejects = [r for r in found if isinstance(r, Reject)]
    assert not any(VIDEO in r.item + r.message for r in rejects)
    return [c for c in found if isinstance(c, Chunk)], rejects


HOSTILE = [
    (member("/etc/cron.d/evil", b"x"), "an absolute path"),
    (member("C:\\evil", b"x"), "an absolute path"),
    (member("SHARD_0000/../../metadata.json", b"x"), "a path with '..'"),
    (member(EVIL, kind=tarfile.SYMTYPE, link="/etc/passwd"), "a symbolic link"),
    (member(EVIL, kind=tarfile.LNKTYPE, link=path(0, "metadata.json")), "a hard link"),
    (member(EVIL, kind=tarfile.CHRTYPE), "a character device"),
    (member(EVIL, kind=tarfile.BLKTYPE), "a block device"),
    (member(EVIL, kind=tarfile.FIFOTYPE), "a named pipe"),
    (member(EVIL, kind=b"V"), "a member of unknown type"),
    (member(EVIL, bytes(17 << 20)), "17825792 bytes"),
    (member("x" * 200_000 + "/metadata.json"), "a name of 20"),
    (member(path(0, "metadata.json"), b"{}"), "a second file of this name"),
]


def test_hostile_members_are_refused_one_by_one(tmp_path: Path) -> None:
    content = gzip.compress(tar([GOOD[0], *(entry for entry, _ in HOSTILE), *GOOD[1:]]), 1)
    kept, rejects = read(write_archive(tmp_path, content))
    assert [c.chunk for c in kept] == [0]
    for number, (reject, (_, found)) in enumerate(zip(rejects, HOSTILE, strict=True), 2):
        assert f"found {found}" in reject.message
        assert f"SHARD_0000.tar.gz member {number}: " in reject.item
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["SHARD_0000.tar.gz", "actions"]


@pytest.mark.parametrize(
    ("damage", "found", "kept"),
    [
        (lambda whole: whole[: len(whole) * 3 // 4], "cut or damaged", 1),
        (lambda whole: gzip.compress(gzip.decompress(whole)[:-9000]), "before the end of the archive", 1),
        (lambda whole: b"", "before the end of the archive", 0),
        (lambda whole: b"no gzip at all", "cut or damaged", 0),
        (lambda whole: gzip.compress(b"no tar at all " * 100), "no tar header", 0),
    ],
    ids=["truncated gzip", "truncated tar", "empty", "no gzip", "no tar"],
)
def test_a_damaged_archive_keeps_what_came_before(
    tmp_path: Path, damage: Callable[[bytes], bytes], found: str, kept: int
) -> None:
    later = [member(n, d) for n, d in chunk_files(1, both=True).items()]
    chunks, rejects = read(write_archive(tmp_path, damage(gzip.compress(tar([*GOOD, *later])))))
    assert [c.chunk for c in chunks if c.chunk == 0] == [0] * kept
    assert any(r.item == "SHARD_0000.tar.gz" and found in r.message for r in rejects)


def changed(**columns: list[Any]) -> bytes:
    return parquet(table().with_columns(**{k: pl.Series(v) for k, v in columns.items()}))


def sticks(first: list[float]) -> list[list[float]]:
    return [first, *[[0.0, 0.0]] * (FRAMES - 1)]


BAD_CONTENT: list[tuple[str, Files, str]] = [
    ("no labels", chunk_files(1, raw=None), "no labels"),
    ("no metadata", chunk_files(1, metadata=None), "metadata.json is missing"),
    ("unreadable parquet", chunk_files(1, raw=b"PAR1 nothing PAR1"), "actions_raw.parquet: not a readable parquet"),
    ("missing column", chunk_files(1, raw=parquet(table().drop("south"))), "columns ['south'] are missing"),
    ("text column", chunk_files(1, raw=changed(south=["x"] * FRAMES)), "column south is String"),
    ("infinite stick", chunk_files(1, raw=changed(j_left=sticks([np.inf, 0.0]))), "stick value is null, not finite"),
    ("wide stick", chunk_files(1, raw=changed(j_left=sticks([0.0, 0.0, 0.0]))), "exactly two values"),
    ("too long", chunk_files(1, raw=parquet(table(FRAMES + 1))), "found 41 rows; chunk_size in metadata.json says 40"),
    ("too short", chunk_files(1, raw=parquet(table(FRAMES - 1))), "found 39 rows"),
    ("bad processed", chunk_files(1, processed=b"x"), "actions_processed.parquet: not a readable parquet"),
    ("not JSON", chunk_files(1, metadata=b"{"), "not JSON"),
    ("JSON list", chunk_files(1, metadata=b"[]"), "found a list"),
    ("no url", chunk_files(1, metadata=metadata(1, video={"url": None})), "url is missing"),
    ("file url", chunk_files(1, metadata=metadata(1, video={"url": "file:///etc/passwd"})), "url has file://"),
    ("backwards", chunk_files(1, metadata=metadata(1, video={"end_time": 3})), "end_time 3.0 is not after"),
    ("wrong type", chunk_files(1, metadata=metadata(1, video={"start_time": "0:20"})), "start_time is str"),
    ("huge chunk", chunk_files(1, metadata=metadata(1, frames=10**9)), "chunk_size is 1000000000"),
    ("no overlay", chunk_files(1, metadata=metadata(1, bbox_controller_overlay=None)), "can't be masked"),
    ("NaN", chunk_files(1, metadata=metadata(1, bbox_controller_overlay=[0, 0, float("nan"), 9])), "can't be masked"),
    ("outside", chunk_files(1, metadata=metadata(1, bbox_controller_overlay=[320, 0, 9, 9])), "no pixel in the frame"),
    (
        "pixels for relative",
        chunk_files(1, metadata=metadata(1, bbox_game_area={"xtl": 0, "ytl": 0, "xbr": 320, "ybr": 240})),
        "bbox_game_area is [0, 0, 320, 240]",
    ),
]


def test_bad_contents_cost_their_own_chunk(tmp_path: Path) -> None:
    """Folder and archive alike; one shard each for all cases, every case as a chunk of a video of its own."""
    files = chunk_files(0)
    for i, (_, case, _) in enumerate(BAD_CONTENT):
        files |= {name.replace(VIDEO, f"{VIDEO}{i:02d}"): data for name, data in case.items()}
    archive = write_archive(tmp_path / "a", gzip.compress(tar([member(n, d) for n, d in files.items()])))
    for root in (archive, write_folder(tmp_path / "f", files)):
        kept, rejects = read(root)
        assert [c.chunk for c in kept] == [0]
        assert len(rejects) == len(BAD_CONTENT)
        for name, _, expected in BAD_CONTENT:
            assert any(expected in r.message for r in rejects), name
        assert all("{video}_chunk_0001" in r.item for r in rejects)
        known = [r for r in rejects if r.video == ("youtube", VIDEO)]
        assert len(known) == len(BAD_CONTENT) - 3, "all but: no metadata, not JSON, JSON list"
        assert sum(r.url == f"https://youtu.be/{VIDEO}" for r in known) == len(known) - 2


def rewards(first: Any) -> Files:
    return chunk_files(1, raw=parquet(table(reward=[first, *[0.0] * (FRAMES - 1)])))


BAD_REWARDS: list[tuple[Files, str]] = [
    (rewards(np.nan), "a value that is not finite"),
    (rewards(-np.inf), "a value that is not finite"),
    (rewards(1e300), "a value that is not finite"),
    (rewards(None), "holds a null"),
    (chunk_files(1, raw=changed(reward=["VIDEO"] * FRAMES)), "column reward is String"),
    (chunk_files(1, raw=changed(reward=[True] * FRAMES)), "column reward is Boolean"),
    (chunk_files(1, raw=changed(reward=[[1.0, 2.0]] * FRAMES)), "column reward is List"),
    (chunk_files(1, raw=changed(reward=[{"VIDEO": 1.0}] * FRAMES)), "column reward is Struct"),
    (rewards(1.0) | chunk_files(1, metadata=metadata(1, video={"start_time": 0, "end_time": 5e-324}), raw=None), ""),
]


def test_bad_rewards_cost_the_score_and_not_the_inputs(tmp_path: Path) -> None:
    files = rewards(2.0)  # of a chunk that is as it should be
    for i, (case, _) in enumerate(BAD_REWARDS):
        files |= {name.replace(VIDEO, f"{VIDEO}{i:02d}"): data for name, data in case.items()}
    kept, rejects = read(write_folder(tmp_path, files))
    assert rejects == []
    assert [c.return_per_minute for c in kept] == [6.0, *[None] * len(BAD_REWARDS)]
    assert not kept[0].flaw
    for chunk, (_, expected) in zip(kept[1:], BAD_REWARDS, strict=True):
        assert expected in chunk.flaw
        assert bool(expected) == bool(chunk.flaw), "a score beyond all bounds is no fault of the column"
        assert "VIDEO" not in chunk.flaw
        np.testing.assert_array_equal(chunk.actions.buttons[:, 14], table()["south"].to_numpy())


def test_links_in_a_folder_are_refused(tmp_path: Path) -> None:
    root = write_folder(tmp_path, chunk_files(0))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "metadata.json").write_bytes(metadata(3))
    (tmp_path / "actions/SHARD_0000/linked").symlink_to(outside)
    kept, rejects = read(root)
    assert [c.chunk for c in kept] == [0]
    assert ["a symbolic link" in r.message for r in rejects] == [True]


WHOLE = tar([*GOOD, *[member(n, d) for n, d in chunk_files(1, both=True).items()]])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=12)), max_size=8), st.binary())
def test_no_tar_stream_breaks_the_walk(patches: list[tuple[int, bytes]], tail: bytes) -> None:
    content = bytearray(WHOLE)
    for at, patch in patches:
        content[at : at + len(patch)] = patch
    for stream in (bytes(content), tail + bytes(content)):
        try:
            for found in members(BytesOnce(stream), ("metadata.json", ".parquet"), 1 << 20):
                assert found.data is None or len(found.data) <= 1 << 20
        except TarError:
            pass


class BytesOnce:
    """A stream that can't seek and gives a little less than asked for."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def read(self, n: int) -> bytes:
        part = self.data[self.at : self.at + max(1, n - 3)]
        self.at += len(part)
        return part


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("chunk_id", "chunk_size", "game", "controller_type", "bbox_controller_overlay", "bbox_game_area")


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.dictionaries(st.sampled_from(("url", "resolution")), JSON))
def test_no_metadata_breaks_the_parser(fields: dict[str, Any], video: dict[str, Any]) -> None:
    frames = fields.pop("chunk_size", 40)
    try:
        found = parse(metadata(video=video, frames=frames, **fields))
    except MetadataError:
        return
    assert 0 <= found.overlay.x < found.overlay.x + found.overlay.w <= found.width


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_label_file_breaks_the_reader(decoder: Decoder, data: st.DataObject) -> None:
    whole = bytearray(parquet(table(8, reward=np.arange(8.0))))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decoder.labels(bytes(whole), "actions_raw.parquet", 8)
    except LabelsError:
        return
    assert len(found.actions) == 8
    assert np.abs(found.actions.sticks).max() <= 1
    assert found.reward is None or (len(found.reward) == 8 and np.isfinite(found.reward).all())


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as started:
        yield started


def test_a_label_file_that_kills_its_reader_costs_only_itself(decoder: Decoder) -> None:
    """Found by fuzzing: a validity bitmap of 2 exabytes, on which polars aborts its process."""
    killer = (Path(__file__).parents[1] / "files/aborts_polars.parquet").read_bytes()
    with pytest.raises(LabelsError, match="not a readable parquet file"):
        decoder.labels(killer, "actions_raw.parquet", 60)
    assert len(decoder.labels(parquet(table(8)), "actions_raw.parquet", 8).actions) == 8
