"""Partitions side by side: each in a process of its own, heard of together, and ended together."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from nitro_assets.runtime.side_by_side import side_by_side
from nitro_ml.core.progress import Progress

STOPPED = """
import os, sys, time
from pathlib import Path
from nitro_assets.runtime.side_by_side import side_by_side

def make(partition, tell):
    Path(sys.argv[1], partition).write_text(str(os.getpid()))
    time.sleep(600)

list(side_by_side(make, ["one", "other"], print))
"""


def test_each_has_a_process_and_all_are_told_of() -> None:
    heard: list[tuple[float, str]] = []

    def make(partition: str, tell: Progress) -> tuple[str, int]:
        tell(0.5, "half")
        return partition, os.getpid()

    made = list(side_by_side(make, ["one", "other"], lambda *told: heard.append(told)))
    assert [partition for partition, _ in made] == ["one", "other"]
    assert os.getpid() not in {process for _, process in made}
    assert sorted(heard)[-1][0] == 0.5, "both halves"
    assert {told for _, told in heard} == {"one: half", "other: half"}


def test_ctrl_c_ends_all_of_them(tmp_path: Path) -> None:
    worker = subprocess.Popen([sys.executable, "-c", STOPPED, str(tmp_path)], stderr=subprocess.DEVNULL)
    told = [tmp_path / "one", tmp_path / "other"]
    while not all(path.exists() and path.read_text() for path in told):
        assert worker.poll() is None
        time.sleep(0.05)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(60) != 0
    for process in (Path("/proc", path.read_text()) for path in told):
        while process.exists():
            time.sleep(0.05)
