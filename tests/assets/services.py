"""Real servers for the tests, each in processes of its own on free ports of the loopback: S3 (moto), Postgres, Ray."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import s3fs

QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, seconds: float = 30) -> None:
    """Until somebody listens; TimeoutError after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port} after {seconds} s")


@contextmanager
def s3(log: Path = Path(os.devnull)) -> Iterator[dict[str, str]]:
    """moto's server with an empty bucket named `bucket`; yields the environment that leads clients to it.

    `log` gets a line for each request.
    """
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as lines:
        server = subprocess.Popen(command, stdout=lines, stderr=lines)
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    try:
        wait_for(port)
        with environ(environment):
            s3fs.S3FileSystem().makedirs("bucket", exist_ok=True)
            yield environment
    finally:
        server.kill()
        server.wait()


@contextmanager
def environ(values: Mapping[str, str]) -> Iterator[None]:
    """The environment with `values`, and S3 clients that read it anew, inside."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        try:
            yield
        finally:
            s3fs.S3FileSystem.clear_instance_cache()


@contextmanager
def postgres() -> Iterator[str]:
    """An empty database in a server of its own, from the distribution's packages; yields its SQLAlchemy
    address (dagster-postgres brings psycopg2, which SQLAlchemy no longer takes by itself)."""
    binaries = _postgres_binaries()
    with tempfile.TemporaryDirectory(prefix="nitro-postgres-") as folder:
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if user:
            shutil.chown(folder, "postgres")
        data, port = f"{folder}/data", free_port()
        initialise = [*user, str(binaries / "initdb"), "-D", data, "-U", "nitro", "--auth=trust", "--no-sync"]
        subprocess.run(initialise, check=True, cwd=folder, **QUIET)
        options = ["-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        server = subprocess.Popen([*user, str(binaries / "postgres"), "-D", data, *options], cwd=folder, **QUIET)
        try:
            wait_for(port)
            yield f"postgresql+psycopg2://nitro@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()  # runuser hands the signal on
            server.wait()


def _postgres_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    assert found[-1].is_file(), "Postgres' server programs are missing; `.ci/services` installs them."
    return found[-1].parent


@contextmanager
def ray_cluster(environment: Mapping[str, str], nodes: int = 2, pin: bool = False) -> Iterator[str]:
    """Ray nodes of one core each on this machine, each kept on a core of its own if `pin`; yields the address that jobs
    are sent to.

    Python is started by a path without spaces: Ray joins its processes' commands with spaces and splits them again.
    Tokens are asked for if the environment says so; left to itself Ray asks where somebody's home happens to hold one.
    """
    import ray

    head, dashboard = free_port(), free_port()
    common = ["--num-cpus=1", "--num-gpus=0", "--object-store-memory=100000000", "--node-ip-address=127.0.0.1"]
    mode = {"RAY_AUTH_MODE": os.environ.get("RAY_AUTH_MODE", "disabled")}
    with environ(mode), tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:
        programs = Path(folder, "python")
        programs.symlink_to(sys.prefix)
        path = f"{programs / 'bin'}:{os.environ['PATH']}"
        env = {**os.environ, **environment, "PATH": path, "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
        first = ["--head", f"--port={head}", f"--dashboard-port={dashboard}", f"--temp-dir={folder}"]
        others = [[f"--address=127.0.0.1:{head}"]] * (nodes - 1)
        running = []
        try:
            for number, options in enumerate([first, *others]):
                core = ["taskset", "-c", str(number)] if pin else []
                ray_itself = [str(programs / "bin" / "python"), "-m", "ray.scripts.scripts"]
                command = [*core, *ray_itself, "start", "--block", *options, *common]
                running.append(subprocess.Popen(command, env=env, **QUIET))
                wait_for(head)
            wait_for(dashboard)
            while _ray_nodes(dashboard) < nodes:
                time.sleep(0.2)
            yield f"http://127.0.0.1:{dashboard}"
        finally:
            ray.shutdown()  # a driver that loses its cluster ends its own process
            for node in reversed(running):
                node.terminate()
            for node in running:
                node.wait()


def _ray_nodes(dashboard: int) -> int:
    token = {"Authorization": f"Bearer {os.environ.get('RAY_AUTH_TOKEN', '')}"}
    asked = urllib.request.Request(f"http://127.0.0.1:{dashboard}/nodes?view=summary", headers=token)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        nodes = json.load(answer)["data"]["summary"]
    return sum(node["raylet"].get("state") == "ALIVE" for node in nodes)
