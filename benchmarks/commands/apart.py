"""Commands in processes of their own, treated as life treats them: interrupted, killed, cut off, kept waiting."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

from nitro_assets.assets import ASSETS
from nitro_assets.settings import ROOT

MAIN = "from nitro_assets.cli import main; main()"
PATIENCE = 120.0
Env = dict[str, str]


@dataclass(frozen=True)
class Answer:
    """Exit status, and the lines that were printed about what went wrong."""

    status: int
    lines: list[str]
    seconds: float = 0.0


def usual(home: Path) -> Env:
    """Settings under which all is well, but nothing was made yet."""
    names = ("lake", "nitrogen", "cache", "secret_file", "inbox", "exports")
    paths = {f"NITRO_{name.upper()}": str(home / name.removesuffix("_file")) for name in names}
    return {**paths, "NITRO_CORPUS_SHARDS": "4", "DAGSTER_HOME": str(home / "dagster"), "PYTHONPATH": str(ROOT)}


@contextmanager
def environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """The environment without anybody's own settings, and with these."""
    before = dict(os.environ)
    try:
        for name in [name for name in os.environ if name.startswith("NITRO_")]:
            del os.environ[name]
        os.environ.update(wanted)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def fresh_clone(words: list[str], home: Path, env: Env) -> Answer:
    """Of a copy of the code, without any settings."""
    for package in ("nitro_assets", "nitro_ml"):
        shutil.copytree(ROOT / package, home / "clone" / package, ignore=shutil.ignore_patterns("__pycache__"))
    bare = {name: value for name, value in env.items() if not name.startswith("NITRO_")}
    with chdir(home / "clone"):  # which `python -c` looks in before anywhere else
        return _ended(_start(words, bare | {"PYTHONPATH": str(home / "clone")}))


def interrupted(words: list[str], home: Path, env: Env) -> Answer:
    """By Ctrl-C, once it has begun."""
    running = _start(words, env)
    _until(lambda: (home / "out" / "videos").is_dir(), running)
    running.send_signal(signal.SIGINT)
    return _ended(running)


def closed_pipe(words: list[str], home: Path, env: Env) -> Answer:
    """Its reader ends before it has said anything, as `| head` may."""
    running = _start(words, env)
    assert running.stdout
    running.stdout.close()
    assert running.stderr
    return Answer(running.wait(PATIENCE), running.stderr.read().splitlines())


def killed(words: list[str], home: Path, env: Env) -> Answer:
    """Its worker, as the kernel does where the memory is full."""
    running = _start(words, env)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    _until(lambda: bool(_workers(children)), running)
    os.kill(_workers(children)[0], signal.SIGKILL)
    return _failed(_ended(running))


def failed_run(words: list[str], home: Path, env: Env) -> Answer:
    """Started, and failed in Dagster: the line that says so."""
    return _failed(_ended(_start(words, env)))


def left(words: list[str], home: Path, env: Env) -> Answer:
    """The line about what could not be made."""
    answer = _ended(_start(words, env))
    return Answer(answer.status, [line for line in answer.lines if "waiting" in line])


def held(words: list[str], home: Path, env: Env) -> Answer:
    """Another worker holds the partition for some seconds; what is said meanwhile."""
    from nitro_assets.lake.lease import leased
    from nitro_assets.lake.store import Lake
    from nitro_assets.settings import Settings

    with leased(Lake(Settings()), f"{words[1]}/{words[2]}"):
        worker = [sys.executable, "-m", ASSETS[words[1]].worker, "--partition", words[2]]
        running = subprocess.Popen(worker, stderr=subprocess.PIPE, text=True, env=env)
        assert running.stderr
        first = running.stderr.readline()
    return Answer(running.wait(PATIENCE), [first.strip()])


def bug(words: list[str], home: Path, env: Env) -> Answer:
    """A mistake in the code that nobody has met before."""
    code = f"import nitro_assets.cli.lake as lake; lake.clear_backoff = lambda state: {{}}['nosuch']; {MAIN}"
    return _ended(_start(words, env, code))


def _start(words: list[str], env: Env, code: str = MAIN) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code, *words], stdout=pipe, stderr=pipe, text=True, env=env)


def _ended(running: "subprocess.Popen[str]") -> Answer:
    out, err = running.communicate(timeout=PATIENCE)
    return Answer(running.returncode, [line for line in (out + err).splitlines() if line.strip()])


def _failed(answer: Answer) -> Answer:
    """Of a run's lines the one on standard error that says why; all of them where any is a traceback's."""
    if any("Traceback" in line for line in answer.lines):
        return answer
    return Answer(answer.status, [line for line in answer.lines if ": failed: " in line])


def _workers(children: Path) -> list[int]:
    pids = [int(pid) for pid in children.read_text().split()] if children.exists() else []
    return [pid for pid in pids if b"nitro_assets.assets" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _until(there: Callable[[], bool], running: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + PATIENCE
    while not there() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
