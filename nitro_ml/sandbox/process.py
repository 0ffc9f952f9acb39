"""A child process for work on files that may be hostile: what kills or hangs it costs that file and nothing else.

Requests and answers are one JSON line each, followed by the bytes they announce. The child is a module run with `-m`
that calls `bound`, then `requests`. It ends when its parent does.
"""

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nitro_ml.core.process import TUNING

MEMORY = 4 << 30  # bytes of address space for a child that reads parquet; polars reserves most of it and uses little
QUIET = {"POLARS_MAX_THREADS": "1", "RUST_BACKTRACE": "0"}

Line = dict[str, Any]


class SandboxError(RuntimeError):
    """The child is gone; the message says how it ended: "crashed (SIGSEGV)", "said nothing for 20 s"."""


class SandboxProcess:
    """The near end. After `SandboxError` it is of no use: `end` it and start another."""

    def __init__(
        self, module: str, *arguments: str, pass_fds: Sequence[int] = (), env: Mapping[str, str] | None = None
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            pass_fds=pass_fds,
            env={**TUNING, **os.environ, **(env or {})},
        )
        self._come = bytearray()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, line: Line, data: bytes = b"") -> None:
        """Send one request. That the child is dead shows when its answer is read."""
        assert self._process.stdin is not None
        rest = memoryview(json.dumps(line).encode() + b"\n" + data)
        with contextlib.suppress(BrokenPipeError):
            while rest:
                rest = rest[self._process.stdin.write(rest) :]

    def answer(self, seconds: float) -> Line:
        """The next line. Raises `SandboxError` where it doesn't come in time, or not at all."""
        limit = time.monotonic() + seconds
        while (end := self._come.find(b"\n")) < 0:
            self._more(limit, seconds)
        line = json.loads(self._come[:end])
        del self._come[: end + 1]
        return line

    def take(self, size: int, seconds: float) -> bytes:
        """The `size` bytes that the last line announced."""
        limit = time.monotonic() + seconds
        while len(self._come) < size:
            self._more(limit, seconds)
        data = bytes(self._come[:size])
        del self._come[:size]
        return data

    def _more(self, limit: float, seconds: float) -> None:
        assert self._process.stdout is not None
        waiting = select.poll()
        waiting.register(self._process.stdout, select.POLLIN | select.POLLHUP)
        if not waiting.poll(max(limit - time.monotonic(), 0) * 1000):
            raise SandboxError(f"said nothing for {seconds:g} s")
        if not (data := os.read(self._process.stdout.fileno(), 1 << 20)):
            raise SandboxError(self._how())
        self._come += data

    def _how(self) -> str:
        code = self._process.wait()
        return f"crashed ({signal.Signals(-code).name})" if code < 0 else f"ended with status {code}"

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.communicate()


def bound(memory: int) -> None:
    """In the child: at most `memory` bytes more than it has now. Not every system bounds address space."""
    with contextlib.suppress(OSError, ValueError):
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))


def requests() -> Iterator[tuple[Line, bytes]]:
    """In the child: what is asked, with the bytes announced as `size`, until the parent closes its end."""
    while line := sys.stdin.buffer.readline():
        asked: Line = json.loads(line)
        yield asked, sys.stdin.buffer.read(asked.get("size", 0))


def reply(line: Line, data: bytes = b"") -> None:
    """In the child: one answer."""
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n" + data)
    sys.stdout.buffer.flush()
