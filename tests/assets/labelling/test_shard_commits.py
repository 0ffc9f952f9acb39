"""A shard is two commits, features and labels: a worker killed between them, or two at once, leave both right."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from nitro_assets.assets import ASSETS
from nitro_assets.assets.pseudo_labels import worker as pseudo_labels
from nitro_assets.assets.pseudo_labels.label_video import LabelVideo, decode, fetch
from nitro_assets.lake.files.cache import clip_cache
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.files.staging import Staging
from nitro_assets.lake.lease import leased
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.job import make
from nitro_assets.settings import Settings
from nitro_ml.sandbox.video import Decoder
from tests.assets.corpus import FRAMES, SHARD, environment, index, key, orders, promote, site, worker, write_checkpoint

KILLED_BETWEEN = """
import os, signal
from nitro_assets.lake.store import Lake
write = Lake.write

def write_and_die(lake, table, *rest):
    write(lake, table, *rest)
    if table == "video_features":
        os.kill(os.getpid(), signal.SIGKILL)

Lake.write = write_and_die
"""
MAKE = f"""
import sys
from pathlib import Path
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.assets.pseudo_labels import worker as pseudo_labels
from nitro_assets.runtime.job import make
from tests.assets.corpus import worker

settings = Settings()
Path(sys.argv[1]).touch()
_, outcome = make(worker(Lake(settings), settings), pseudo_labels.build, "{SHARD}")
print(outcome.metadata["frames kept"])
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with site(tmp_path_factory.mktemp("a site"), 3) as address:
        yield address


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture
def checkpoint(lake: Lake, trained: Path) -> str:
    return promote(lake, trained)


def start(program: str, settings: Settings, at_it: Path) -> "subprocess.Popen[str]":
    command, env = [sys.executable, "-c", program, str(at_it)], {**os.environ, **environment(settings)}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def stage(lake: Lake, settings: Settings, address: str, checkpoint: str, numbers: list[int]) -> None:
    """Index these videos, and label them as far as their rows in staging."""
    index(lake, settings, address, numbers)
    out = Staging(lake, SHARD, f"{checkpoint}-{ASSETS['pseudo_labels'].code}").url
    label = LabelVideo(Checkpoints(lake).get(checkpoint), checkpoint)
    setup, asked = orders(lake, settings, out)
    with clip_cache(settings) as clips, Decoder() as decoder:
        for order in asked:
            assert not label(order, decode(setup, fetch(setup, order), clips, decoder), out).error


def assert_whole(lake: Lake, numbers: list[int]) -> None:
    """Both tables have every frame of these videos once, and nothing else."""
    expected = [(key(number), frame) for number in numbers for frame in range(FRAMES)]
    for table in ("pseudo_labels", "video_features"):
        found = lake.read(table).filter(pl.col("corpus_shard") == SHARD).select("video_key", "frame").collect()
        assert sorted(found.rows()) == expected, table


def test_killed_between_its_commits_it_is_put_right_by_the_next_run(
    lake: Lake, settings: Settings, address: str, checkpoint: str, tmp_path: Path
) -> None:
    stage(lake, settings, address, checkpoint, [0, 1])
    make(worker(lake, settings), pseudo_labels.build, SHARD)
    stage(lake, settings, address, checkpoint, [1, 2])
    with start(KILLED_BETWEEN + MAKE, settings, tmp_path / "started") as killed:
        pass
    assert killed.returncode == -signal.SIGKILL
    tables = [lake.partition(table, SHARD)["video_key"] for table in ("video_features", "pseudo_labels")]
    assert [sorted(set(keys)) for keys in tables] == [[key(1), key(2)], [key(0), key(1)]], "one commit was made"
    _, outcome = make(worker(lake, settings), pseudo_labels.build, SHARD)
    assert outcome.metadata["frames labelled now"] == 0, "nothing is done twice"
    assert_whole(lake, [1, 2])


def test_two_workers_at_once_leave_one_set_of_rows(
    lake: Lake, settings: Settings, address: str, checkpoint: str, tmp_path: Path
) -> None:
    stage(lake, settings, address, checkpoint, [0, 1])
    started = [tmp_path / "one", tmp_path / "other"]
    with leased(lake, f"pseudo_labels/{SHARD}"):
        workers = [start(MAKE, settings, at_it) for at_it in started]
        while not all(at_it.exists() for at_it in started):
            assert all(one.poll() is None for one in workers)
            time.sleep(0.02)
    kept = sorted(int(one.communicate()[0]) for one in workers)
    assert kept == [0, 2 * FRAMES], "the second one came when the first had committed, and found nothing to do"
    assert_whole(lake, [0, 1])
