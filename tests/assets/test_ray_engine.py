"""Labelling on a Ray cluster that loses a node or a process: it costs a try of the video at hand, and no shard."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.workers.one_video import Order, Setup
from nitro_assets.workers.ray_engine import RayEngine
from tests.assets.corpus import FRAMES, key, promote, site, write_checkpoint

STORE = 100_000_000
AT_ONCE = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 2}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A head of one core that this process belongs to; nodes may come and go, and it is soon known that one went."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    head = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:  # sockets have short names
        monkeypatch.setenv("RAY_TMPDIR", folder)
        cluster = Cluster(initialize_head=True, head_node_args={**head, "_system_config": AT_ONCE})
        try:
            ray.init(address=cluster.address, log_to_driver=False)
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()


class _Full:
    """Takes half a core."""


@contextmanager
def pages(cluster: Cluster, node: Any, full: Any, good: str) -> Iterator[tuple[str, list[str]]]:
    """`/node` takes its reader's node from the cluster and is a good page ever after; `/process` kills any reader."""
    opened: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            opened.append(self.path)
            if self.path == "/process":
                os.kill(_at(self.client_address[1]), signal.SIGKILL)
            elif len(opened) == 1:
                ray.kill(full)  # from now on the head has room for it
                cluster.remove_node(node, allow_graceful=False)
                time.sleep(60)  # no answer: the reader is to die of this and of nothing else
            else:
                self.send_response(302)
                self.send_header("Location", good)
                self.send_header("Content-Length", "0")
                self.end_headers()

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", opened
        server.shutdown()


def _at(port: int) -> int:
    """The process at this end of a connection."""
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines())
    inode = next(line[9] for line in lines if line[1].endswith(f":{port:04X}"))
    for held in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # it has just ended
            if os.readlink(held) == f"socket:[{inode}]":
                return int(held.parts[2])
    raise ProcessLookupError(f"nobody holds port {port}")


def test_a_lost_feeder_costs_a_try(cluster: Cluster, settings: Settings, lake: Lake, tmp_path: Path) -> None:
    setup = Setup(settings, promote(lake, write_checkpoint(tmp_path / "idm")), 32, str(tmp_path / "rows"))
    full = ray.remote(_Full).options(num_cpus=0.5).remote()
    ray.get(full.__ray_ready__.remote())
    engine = RayEngine()
    with site(tmp_path / "a site", 1) as address, ThreadPoolExecutor(1) as beside:
        good = f"{address}/watch/video0"
        first = beside.submit(lambda: list(engine.map(setup, [Order(key(0), good)])))
        while ray.available_resources().get("CPU"):
            time.sleep(0.1)  # until the model is on the head, which has no room for its feeders then
        node = cluster.add_node(num_cpus=1, object_store_memory=STORE)
        assert [r.rows for r in first.result()] == [FRAMES]
        with pages(cluster, node, full, good) as (base, opened):
            (found,) = engine.map(setup, [Order(key(1), f"{base}/node")])
            assert (found.rows, found.error) == (FRAMES, "")
            (found,) = engine.map(setup, [Order(key(2), f"{base}/process")])
            assert "or its node, was lost" in found.error
            assert opened.count("/process") == 2
    engine.close()
