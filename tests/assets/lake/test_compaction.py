"""Compaction: fewer files, the same rows, nothing stale, nothing lost to or by others who write."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from nitro_assets.lake.compaction import MANY, compact
from nitro_assets.lake.lease import leased
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State
from nitro_assets.lineage.status import statuses
from nitro_assets.settings import Settings
from tests.assets.rows import ANNA, BERT, CARL, fit, rejects
from tests.assets.small_world import add_shard, bring_up, write_shards

LABELS = "pseudo_labels"
FRAMES = 50_000


def labels(*keys: str) -> pl.DataFrame:
    """So many frames of each video, of random labels."""
    rng, count = np.random.default_rng(1), FRAMES * len(keys)
    known = {
        "video_key": pl.Series(keys).gather(np.repeat(np.arange(len(keys)), FRAMES)),
        "frame": np.tile(np.arange(FRAMES), len(keys)),
        "south": rng.integers(0, 255, count),
        "confidence": rng.integers(0, 255, count),
    }
    empty = fit(LABELS, [])
    return pl.concat([empty, pl.DataFrame(known).cast({c: empty.schema[c] for c in known})], how="diagonal")


@pytest.fixture
def small_files(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Two shards of labels, one of them in many small files, as after many deletions."""
    with monkeypatch.context() as patch:
        patch.setattr("nitro_assets.lake.delta.commit.FILE_SIZE", 100_000)
        lake.write(LABELS, "0000", labels(ANNA, BERT, CARL))
        lake.write(LABELS, "0001", labels("d" * 32))
    assert lake.files(LABELS).filter(partition="0000").height >= MANY
    return lake


def content(lake: Lake, name: str) -> pl.DataFrame:
    columns = [c for c, t in TABLES[name].columns.items() if not isinstance(t, pl.List)]
    return lake.read(name).sort(columns).collect()


def test_the_rows_stay_and_the_files_become_fewer(small_files: Lake) -> None:
    before = content(small_files, LABELS)
    done = compact(small_files, LABELS)
    assert done.files_before > 2 * done.files
    assert done.bytes < done.bytes_before
    assert content(small_files, LABELS).equals(before)
    files = small_files.files(LABELS)
    again = compact(small_files, LABELS)
    assert (again.files_before, again.files) == (done.files, done.files)
    assert small_files.files(LABELS).equals(files), "what was merged is left alone"


def test_reading_a_video_reads_its_shards_files_and_of_them_its_row_groups(small_files: Lake) -> None:
    compact(small_files, LABELS)
    files = small_files.files(LABELS)
    for uri in files.filter(partition="0001")["uri"]:
        Path(uri).unlink()
    skipped = sum(_damage_other_groups(Path(uri), ANNA) for uri in files.filter(partition="0000")["uri"])
    assert skipped >= 1
    found = small_files.read(LABELS).filter(corpus_shard="0000", video_key=ANNA).sort("frame").collect()
    expected = labels(ANNA, BERT, CARL).filter(video_key=ANNA)
    assert found.drop("corpus_shard").equals(expected.select(found.drop("corpus_shard").columns))


def _damage_other_groups(path: Path, key: str) -> int:
    """Overwrite the row groups that by their statistics don't hold the video; their number."""
    groups = [g for g in _groups(path) if not g[0] <= key <= g[1]]
    data = bytearray(path.read_bytes())
    for _, _, start, size in groups:
        data[start : start + size] = b"\xff" * size
    path.write_bytes(data)
    return len(groups)


def _groups(path: Path) -> list[tuple[str, str, int, int]]:
    """Each row group's least and greatest video key, and its place: offset and bytes."""
    with pq.ParquetFile(path) as file:
        found, column = [], file.schema_arrow.names.index("video_key")
        for i in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(i)
            chunks = [group.column(c) for c in range(group.num_columns)]
            start = min(c.dictionary_page_offset or c.data_page_offset for c in chunks)
            keys = group.column(column).statistics
            found.append((keys.min, keys.max, start, sum(c.total_compressed_size for c in chunks)))
    return found


def test_shards_share_files_where_their_rows_are_few(lake: Lake) -> None:
    for n in range(20):
        lake.write("rejects", f"scope {n}", pl.concat([rejects(ANNA, n), rejects(BERT, 1)]))
    before = content(lake, "rejects")
    done = compact(lake, "rejects")
    assert (done.files_before, done.files) == (20, 1)
    assert content(lake, "rejects").equals(before)
    lake.write("rejects", "scope 7", rejects(CARL, 2))
    assert lake.partition("rejects", "scope 7")["video_key"].to_list() == [CARL] * 2
    assert lake.read("rejects").collect().height == before.height - 8 + 2


def test_nothing_becomes_stale(lake: Lake, settings: Settings) -> None:
    write_shards(settings)
    for number in range(2, 6):
        add_shard(settings, number)
    bring_up(lake, settings)
    before = [(s.asset, s.partition, s.verdict, s.why) for s in statuses(State(lake, settings))]
    done = {name: compact(lake, name) for name in TABLES}
    assert all(done[name].files < done[name].files_before for name in ("materialisations", "lineage_edges"))
    assert [(s.asset, s.partition, s.verdict, s.why) for s in statuses(State(lake, settings))] == before


def test_those_who_write_meanwhile_lose_nothing(lake: Lake) -> None:
    for n in range(MANY):
        lake.write("rejects", f"old {n}", rejects(ANNA, 2))
    with ThreadPoolExecutor(6) as pool:
        writes = [pool.submit(lake.write, "rejects", f"new {n}", rejects(BERT, n + 1)) for n in range(16)]
        again = [pool.submit(lake.write, "rejects", f"old {n}", rejects(CARL, 1)) for n in range(4)]
        for _ in range(5):
            compact(lake, "rejects")
        for future in (*writes, *again):
            future.result()
    compact(lake, "rejects")
    found = dict(lake.read("rejects").group_by("scope").len().collect().iter_rows())
    expected = {f"new {n}": n + 1 for n in range(16)} | {f"old {n}": 1 if n < 4 else 2 for n in range(MANY)}
    assert found == expected


def test_a_partition_that_a_worker_holds_is_left_for_another_time(small_files: Lake) -> None:
    before = small_files.files(LABELS).filter(partition="0000")
    with leased(small_files, f"{LABELS}/0000"):
        assert compact(small_files, LABELS).busy == 1
    assert small_files.files(LABELS).filter(partition="0000").sort("uri").equals(before.sort("uri"))
    assert compact(small_files, LABELS).busy == 0
    assert small_files.files(LABELS).filter(partition="0000").height < before.height


def test_files_go_a_week_after_they_were_replaced(
    small_files: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(settings.lake, "tables", LABELS)
    (folder / "corpus_shard=0000" / "being-written.parquet").write_bytes(b"not yet committed")
    before = set(folder.rglob("*.parquet"))
    small_files.purge(LABELS).shorten_retention()  # as an erasure that is killed after its first step leaves it
    assert compact(small_files, LABELS).removed == 0
    assert before < set(folder.rglob("*.parquet"))
    monkeypatch.setattr("nitro_assets.lake.compaction.KEPT_HOURS", 0)
    live = set(small_files.files(LABELS)["uri"])
    assert compact(small_files, LABELS).removed == len({str(path) for path in before} - live)
    assert {str(path) for path in folder.glob("corpus*/*.parquet")} == live


def test_a_takedown_finds_what_compaction_left_behind(small_files: Lake, settings: Settings) -> None:
    compact(small_files, LABELS)
    assert small_files.purge_rows(LABELS, f"video_key IN ('{ANNA}')") == FRAMES
    everywhere = pl.scan_parquet([*Path(settings.lake, "tables", LABELS).glob("corpus*/*.parquet")])
    assert set(everywhere.select(pl.col("video_key").unique()).collect()["video_key"]) == {BERT, CARL, "d" * 32}
    log = Path(settings.lake, "tables", LABELS, "_delta_log")
    assert not any(ANNA in path.read_text() for path in log.glob("*.json"))


def test_compaction_on_s3(on_s3: Settings) -> None:
    lake = Lake(on_s3)
    for n in range(MANY):
        lake.write("rejects", f"scope {n}", rejects(BERT, n + 1))
    before = content(lake, "rejects")
    assert compact(lake, "rejects").files == 1
    assert content(lake, "rejects").equals(before)
