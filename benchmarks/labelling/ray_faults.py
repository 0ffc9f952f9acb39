"""Labelling on a Ray cluster that loses a node or a process: it costs a try of the video at hand, and no shard.

No test: a second cluster on the machine would be taken for that of the tests.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ray
from ray.cluster_utils import Cluster

from benchmarks.figures import Figure
from benchmarks.labelling.corpus import bare_settings
from nitro_assets.assets.pseudo_labels.engine import TRIES
from nitro_assets.assets.pseudo_labels.label_video import LabelConfig, VideoResult, VideoTask
from nitro_assets.assets.pseudo_labels.ray_engine import RayEngine
from nitro_assets.lake.store import Lake
from tests.assets import services
from tests.assets.corpus import FRAMES, key, promote, site, write_checkpoint

STORE = 100_000_000
AT_ONCE = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 2}


def run(quick: bool = False) -> list[Figure]:
    """One cluster; there is nothing to shorten."""
    with TemporaryDirectory(prefix="nitro-bench-") as folder:
        home = Path(folder)
        settings = bare_settings(home)
        setup = LabelConfig(settings, promote(Lake(settings), write_checkpoint(home / "idm")), 32, str(home / "rows"))
        with _cluster() as cluster:
            engine = RayEngine()
            found, opened = _lost(cluster, engine, setup, home)
            engine.close()
    return [
        Figure("a video whose feeder's node was lost once: labelled", float(found[0].rows == FRAMES), "of 1", 1),
        Figure(
            "a video whose feeder dies whenever it is opened: refused", float("was lost" in found[1].error), "of 1", 1
        ),
        Figure("tries of that video", opened.count("/process"), "tries", TRIES, "lower"),
    ]


@contextmanager
def _cluster() -> Iterator[Cluster]:
    """A head of one core that this process belongs to; nodes may come and go, and it is soon known that one went."""
    head = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    short = TemporaryDirectory(prefix="ray-", dir="/tmp")  # sockets have short names
    with short as folder, services.environ({"RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": folder}):
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
def _pages(cluster: Cluster, node: Any, full: Any, good: str) -> Iterator[tuple[str, list[str]]]:
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


def _lost(cluster: Cluster, engine: RayEngine, setup: LabelConfig, home: Path) -> tuple[list[VideoResult], list[str]]:
    """What becomes of a video whose feeder's node is lost, and of one that kills its feeder; and the pages opened."""
    full = ray.remote(_Full).options(num_cpus=0.5).remote()
    ray.get(full.__ray_ready__.remote())
    with site(home / "site", 1) as address, ThreadPoolExecutor(1) as beside:
        good = f"{address}/watch/video0"
        first = beside.submit(lambda: list(engine.map(setup, [VideoTask(key(0), good)])))
        while ray.available_resources().get("CPU"):
            time.sleep(0.1)  # until the model is on the head, which has no room for its feeders then
        node = cluster.add_node(num_cpus=1, object_store_memory=STORE)
        first.result()
        with _pages(cluster, node, full, good) as (base, opened):
            orders = [VideoTask(key(1), f"{base}/node"), VideoTask(key(2), f"{base}/process")]
            return [result for order in orders for result in engine.map(setup, [order])], opened
