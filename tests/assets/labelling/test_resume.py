"""Labelling that is killed, doubled or starved: nothing is lost but the video at hand, no half shard is ever seen."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from nitro_assets.assets import ASSETS
from nitro_assets.assets.pseudo_labels import worker as pseudo_labels
from nitro_assets.assets.pseudo_labels.engine import EngineError, LocalEngine
from nitro_assets.assets.pseudo_labels.label_video import VideoTask
from nitro_assets.lake.files import staging
from nitro_assets.lake.files.staging import Staging
from nitro_assets.lake.lease import LeaseLostError, leased
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.retry import clear_backoff
from nitro_assets.lineage.state import State
from nitro_assets.lineage.status import Status, judge
from nitro_assets.runtime.job import make
from nitro_assets.settings import Settings
from tests.assets.corpus import (
    FRAMES,
    SHARD,
    environment,
    index,
    key,
    orders,
    promote,
    site,
    worker,
    write_checkpoint,
)
from tests.assets.rows import ANNA, BERT

COUNT = 4


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with site(tmp_path_factory.mktemp("a site"), COUNT) as address:
        yield address


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[LocalEngine]:
    """One lane for all tests: starting one costs more than what it labels here."""
    engine = LocalEngine(lanes=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pseudo_labels, "_engine", lambda _: engine)
        yield engine
    engine.close()


@pytest.fixture
def corpus(lake: Lake, settings: Settings, address: str, trained: Path) -> Staging:
    """Four videos in one shard and a promoted checkpoint; the shard's staging."""
    name = promote(lake, trained)
    index(lake, settings, address, range(COUNT))
    return Staging(lake, SHARD, f"{name}-{ASSETS['pseudo_labels'].code}")


def rows(lake: Lake, table: str) -> pl.DataFrame:
    return lake.partition(table, SHARD).sort("video_key", "frame")


def test_killed_at_any_moment_it_goes_on_with_the_next_video(corpus: Staging, lake: Lake, settings: Settings) -> None:
    command = [sys.executable, "-m", "nitro_assets.assets.pseudo_labels.worker", "--partition", SHARD]
    one_core = {min(os.sched_getaffinity(0))}
    with subprocess.Popen(
        command,
        env={**os.environ, **environment(settings)},
        preexec_fn=lambda: os.sched_setaffinity(0, one_core),
    ) as first:
        while first.poll() is None and not corpus.videos():
            time.sleep(0.02)
        lanes = _children(first.pid)
        first.kill()
    before = {k: Path(corpus.path(k)).stat().st_mtime_ns for k in sorted(corpus.videos())}
    assert rows(lake, "pseudo_labels").is_empty(), "no half shard"
    _, outcome = make(worker(lake, settings), pseudo_labels.build, SHARD)
    assert outcome.metadata["videos"] == COUNT
    assert outcome.metadata["frames labelled now"] == FRAMES * (COUNT - len(before))
    assert all(check.passed for check in outcome.checks)
    labels, features = rows(lake, "pseudo_labels"), rows(lake, "video_features")
    assert labels.select("video_key", "frame").equals(features.select("video_key", "frame"))
    assert labels.height == FRAMES * COUNT
    assert not lake.fs.exists(f"{lake.root}/staging/{SHARD}"), "gone with the commit"
    assert lanes
    assert not any(_alive(pid) for pid in lanes), "lanes end with their worker"


def _children(pid: int) -> list[int]:
    return [int(p) for t in Path(f"/proc/{pid}/task").iterdir() for p in (t / "children").read_text().split()]


def _alive(pid: int) -> bool:
    path = Path(f"/proc/{pid}/stat")
    return path.exists() and path.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@contextmanager
def deadly(engine: LocalEngine) -> Iterator[tuple[str, list[int]]]:
    """The address of a page that kills the lane that opens it, and the lanes that it killed."""
    killed: list[int] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            killed.extend(engine.processes())
            os.kill(killed[-1], signal.SIGKILL)

        do_HEAD = do_GET  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/watch", killed
        server.shutdown()


def test_a_video_is_given_up_when_its_lane_died_twice_and_no_other_with_it(
    corpus: Staging, lake: Lake, settings: Settings, engine: LocalEngine
) -> None:
    """It is opened while the one before it is labelled, so it kills that one's lane as well."""
    setup, (before, *_) = orders(lake, settings, corpus.url)
    with deadly(engine) as (page, killed):
        found = {r.key: r for r in engine.map(setup, [before, VideoTask(BERT, page)])}
    assert [key for key, r in found.items() if r.error] == [BERT]
    assert "ended by signal 9, 2 times" in found[BERT].error
    assert 2 <= len(set(killed)) <= 3
    assert corpus.videos() == {before.key}


def test_a_full_disk_fails_the_shard_and_loses_nothing(
    corpus: Staging, lake: Lake, settings: Settings, engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.close()
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # 1000 bytes of it would stay and be read
    results = engine.map(*orders(lake, settings, corpus.url))
    first = next(results)
    resource.prlimit(engine.processes()[0], resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    with pytest.raises(EngineError, match=r"File too large|No space left"):
        list(results)
    assert first.key in corpus.videos()
    _, outcome = make(worker(lake, settings), pseudo_labels.build, SHARD)
    assert outcome.metadata["frames labelled now"] == FRAMES * (COUNT - 1)
    assert outcome.refused == []


def test_new_videos_need_not_wait_for_the_others(
    corpus: Staging, lake: Lake, settings: Settings, address: str, trained: Path, tmp_path: Path
) -> None:
    index(lake, settings, address, [0, 1])
    make(worker(lake, settings), pseudo_labels.build, SHARD)
    old = rows(lake, "pseudo_labels")
    newer = promote(lake, write_checkpoint(tmp_path, seed=2))
    index(lake, settings, address, [0, 1, 2])
    _, outcome = make(replace(worker(lake, settings), level="new"), pseudo_labels.build, SHARD)
    assert outcome.metadata["frames labelled now"] == FRAMES
    assert_frame_equal(rows(lake, "pseudo_labels").filter(pl.col("video_key") != key(2)), old)
    assert {e.input_version for e in outcome.edges if e.input_asset == "idm_checkpoint"} == {trained.name, newer}
    assert status(lake, settings).why == "promoted idm_checkpoint changed"
    _, outcome = make(worker(lake, settings), pseudo_labels.build, SHARD)
    assert outcome.metadata["frames labelled now"] == 2 * FRAMES
    assert set(rows(lake, "pseudo_labels")["checkpoint"]) == {newer}
    assert status(lake, settings).verdict == "fresh"


def test_a_dead_address_is_not_tried_again_before_its_time(
    corpus: Staging, lake: Lake, settings: Settings, address: str
) -> None:
    index(lake, settings, address, [0, COUNT])  # the site has no such page
    _, outcome = make(worker(lake, settings), pseudo_labels.build, SHARD)
    (refused,) = outcome.refused
    assert refused.message.startswith("the video is gone")
    assert status(lake, settings).verdict == "fresh"
    index(lake, settings, address, [0, 1, COUNT])
    _, outcome = make(worker(lake, settings), pseudo_labels.build, SHARD)
    (refused,) = outcome.refused
    assert refused.message.startswith("gone: tried once; it is tried again from 20")
    assert all(check.passed for check in outcome.checks)
    assert "| gone | 1 | 1 | 20" in outcome.metadata["failed downloads"]["raw_value"]
    assert clear_backoff(State(lake, settings)) == 1
    assert status(lake, settings).why == "failed downloads changed"
    make(worker(lake, settings), pseudo_labels.build, SHARD)
    assert lake.read("failed_downloads").collect()["attempts"].to_list() == [2]
    assert status(lake, settings).verdict == "fresh"
    index(lake, settings, address, [0, 1])
    make(worker(lake, settings), pseudo_labels.build, SHARD)
    assert lake.read("failed_downloads").collect().is_empty()


def status(lake: Lake, settings: Settings) -> Status:
    return judge(State(lake, settings), ASSETS["pseudo_labels"], SHARD)


def test_a_blocked_video_is_neither_staged_nor_adopted(corpus: Staging, lake: Lake, settings: Settings) -> None:
    frame = pl.DataFrame({"frame": [1]})
    lake.fs.makedirs(corpus.path(ANNA).rsplit("/", 1)[0])
    for name in (ANNA, BERT):
        frame.write_parquet(corpus.path(name))
    assert corpus.videos() == {ANNA, BERT}
    lake.ledger.append("quarantined", "T-1", {"videos": lake.block_keys([ANNA])})
    assert corpus.videos() == {BERT}
    assert staging.staged(lake, ANNA) != []
    assert staging.erase(lake, [ANNA]) == 1
    assert staging.staged(lake, ANNA) == []
    assert corpus.videos() == {BERT}


def test_the_second_worker_waits_and_the_wall_clock_does_not_matter(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = iter(range(0, 10**9, 86_400))
    monkeypatch.setattr(time, "time", lambda: 1e9 - next(steps))  # back by a day at every look
    order = []

    def work(name: str) -> None:
        with leased(lake, "a/shard", beat=0.05, patience=0.5, pause=0.01):
            order.append(f"{name} in")
            time.sleep(0.8)  # longer than the patience: the beats keep it
            order.append(f"{name} out")

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [o.split()[1] for o in order] == ["in", "out", "in", "out"]


def test_a_silent_owner_is_overtaken_and_finds_out(lake: Lake) -> None:
    with leased(lake, "a/shard", beat=60) as stalled:
        stalled.check()
        with leased(lake, "a/shard", patience=0.1, pause=0.01) as second:
            second.check()
            with pytest.raises(LeaseLostError, match="a/shard"):
                stalled.check()


def test_a_dead_owner_of_this_machine_is_overtaken_at_once(lake: Lake, settings: Settings) -> None:
    code = "import os; from nitro_assets.lake.lease import *; from nitro_assets.settings import Settings\n"
    code += "leased(Lake(Settings()), 'a/shard').__enter__(); os._exit(0)"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **environment(settings)}, check=True)
    started = time.monotonic()
    with leased(lake, "a/shard"):
        assert time.monotonic() - started < 30, "half of the patience"
