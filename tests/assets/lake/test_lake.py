"""The door: whole partitions, blocked videos, streamed writes, and a ledger that fails closed."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from nitro_assets.identity import shard_of
from nitro_assets.lake.ledger.ledger import LedgerError
from nitro_assets.lake.row_locations import row_locations
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake, LakeError
from nitro_assets.settings import Settings
from tests.assets.rows import ANNA, BERT, rejects, segments


def counts(lake: Lake) -> dict[str, int]:
    return dict(lake.read("rejects").group_by("scope").len().collect().iter_rows())


def test_a_write_replaces_its_partition_and_no_other(lake: Lake) -> None:
    lake.write("rejects", "one", rejects(ANNA, 3))
    lake.write("rejects", "it's two", iter([rejects(ANNA, 2), rejects(BERT, 2)]))
    lake.write("rejects", "one", rejects(BERT, 5))
    assert counts(lake) == {"one": 5, "it's two": 4}
    lake.write("rejects", "one", rejects(ANNA, 0))
    assert counts(lake) == {"it's two": 4}


def test_a_write_that_fails_half_way_leaves_the_old_rows(lake: Lake) -> None:
    lake.write("label_segments", "0001", segments(ANNA, 3))

    def broken() -> object:
        yield segments(BERT, 1000)
        raise OSError("no space left on device")

    with pytest.raises(Exception, match="no space left"):
        lake.write("label_segments", "0001", broken())  # type: ignore[arg-type]
    assert lake.partition("label_segments", "0001")["video_key"].to_list() == [ANNA] * 3


def test_a_killed_writer_leaves_the_old_rows(lake: Lake, settings: Settings) -> None:
    lake.write("label_segments", "0001", segments(ANNA, 3))
    script = (
        "import os, sys\n"
        "from nitro_assets.lake.store import Lake\nfrom nitro_assets.settings import Settings\n"
        "from tests.assets.rows import BERT, segments\n"
        "def rows():\n    yield segments(BERT, 100_000)\n    os.kill(os.getpid(), 9)\n"
        "Lake(Settings()).write('label_segments', '0001', rows())\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    for name in ("lake", "secret_file", "corpus_shards"):
        environment[f"NITRO_{name.upper()}"] = str(getattr(settings, name))
    done = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert lake.partition("label_segments", "0001")["video_key"].to_list() == [ANNA] * 3


def test_writers_of_different_partitions_dont_disturb_each_other(lake: Lake) -> None:
    lake.write("rejects", "start", rejects(ANNA))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: lake.write("rejects", f"p{i}", rejects(ANNA, i + 1)), range(8)))
    assert counts(lake) == {"start": 1, **{f"p{i}": i + 1 for i in range(8)}}


def test_a_blocked_video_is_neither_read_nor_written(lake: Lake) -> None:
    lake.write("rejects", "one", pl.concat([rejects(ANNA, 2), rejects(BERT, 3), rejects(None, 1)]))
    lake.ledger.append("quarantined", "T-1", {"videos": lake.block_keys([ANNA])})
    assert lake.partition("rejects", "one")["video_key"].to_list() == [BERT] * 3 + [None]
    written = lake.write("rejects", "two", pl.concat([rejects(ANNA), rejects(BERT)]))
    assert (written.rows, written.refused) == (1, {ANNA})
    assert lake.stored("rejects").filter(video_key=ANNA).collect().height == 2


def test_a_video_blocked_during_a_write_does_not_stay(lake: Lake) -> None:
    def rows() -> object:
        yield segments(ANNA, 2)
        lake.ledger.append("quarantined", "T-1", {"videos": lake.block_keys([ANNA])})
        yield segments(BERT, 1)

    lake.write("label_segments", "0001", rows())  # type: ignore[arg-type]
    assert lake.stored("label_segments").collect()["video_key"].to_list() == [BERT]


@pytest.mark.parametrize("damage", ["gone", "cut", "changed", "entry missing"])
def test_without_a_sound_ledger_nothing_is_read_or_written(lake: Lake, settings: Settings, damage: str) -> None:
    lake.write("rejects", "one", rejects(ANNA))
    lake.ledger.append("quarantined", "T-1", {"videos": lake.block_keys([BERT])})
    lake.ledger.append("quarantined", "T-2", {"videos": lake.block_keys([ANNA])})
    entries = sorted(Path(settings.lake, "ledger").iterdir())
    if damage == "gone":
        for path in entries:
            path.unlink()
    elif damage == "cut":
        entries[2].write_text(entries[2].read_text()[:40])
    elif damage == "changed":
        entries[1].write_text(entries[1].read_text().replace(lake.block_keys([BERT])[0], lake.block_keys([ANNA])[0]))
    else:
        entries[1].unlink()
    with pytest.raises(LedgerError):
        lake.read("rejects")
    with pytest.raises(LedgerError):
        lake.write("rejects", "one", rejects(BERT))


def test_the_ledger_never_loses_an_entry_to_another_writer(lake: Lake) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: lake.ledger.append("quarantined", f"T-{i}", {"videos": [f"{i:032x}"]}), range(16)))
    assert len(lake.ledger.entries()) == 17
    assert lake.ledger.blocked() == {f"{i:032x}" for i in range(16)}


def test_wrong_columns_are_named(lake: Lake) -> None:
    with pytest.raises(LakeError, match=r"'colour'.*'message'"):
        lake.write("rejects", "one", rejects(ANNA).rename({"message": "colour"}))
    with pytest.raises(LakeError, match="'dreams' is not one of"):
        lake.read("dreams")


def test_a_lake_keeps_its_secret_and_its_number_of_shards(lake: Lake, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="4 corpus shards, NITRO_CORPUS_SHARDS is 5"):
        Lake(settings.model_copy(update={"corpus_shards": 5}))
    other = Settings(**{**settings.model_dump(), "secret_file": tmp_path / "other"})
    with pytest.raises(LakeError, match="another secret"):
        Lake(other)


@pytest.mark.parametrize("name", ["a*b? 50% #1 {x}", '~ it\'s "one" & ünï'])
def test_a_lake_may_lie_in_a_folder_of_any_name(settings: Settings, tmp_path: Path, name: str) -> None:
    lake = Lake(settings.model_copy(update={"lake": str(tmp_path / name / "lake")}))
    lake.write("rejects", "one", pl.concat([rejects(ANNA, 2), rejects(BERT, 1)]))
    shard = shard_of(ANNA, lake.corpus_shards)
    lake.write("label_segments", shard, segments(ANNA, 2))
    assert counts(lake) == {"one": 3}
    assert [found.rows for found in row_locations(lake, [ANNA], TABLES["label_segments"])] == [2]
    assert lake.purge_rows("label_segments", f"video_key = '{ANNA}'") == 2
    assert lake.purge_rows("rejects", "scope = 'one'") == 3
    assert {path.name for path in tmp_path.iterdir()} == {"a home", "scratch", name}


@pytest.mark.parametrize("name", ["title [1]", "a%20b", "a=b"])
def test_where_the_tables_library_opens_nothing_is_told(settings: Settings, tmp_path: Path, name: str) -> None:
    with pytest.raises(LakeError, match=r"NITRO_LAKE: .* found .* in the path"):
        Lake(settings.model_copy(update={"lake": str(tmp_path / name)}))
    assert {path.name for path in tmp_path.iterdir()} == {"scratch"}
