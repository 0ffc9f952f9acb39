"""Label files decoded in a child process, so that a hostile one costs its own chunk and not the run.

A parquet file of a few kilobytes can ask its reader for exabytes; polars then aborts the whole process, which no
`except` survives. The child has a bound on memory and on time, sees bytes only, and is started anew after it died.
Requests and answers are one JSON line each, followed by the bytes it announces.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from typing import IO

import numpy as np

from nitro_ml.actions import BUTTONS, STICKS, Actions
from nitro_ml.labels import LabelsError
from nitro_ml.nitrogen import parquet

MEMORY = 4 << 30  # bytes of address space, of which polars reserves most and uses little
SECONDS = 20


class Decoder:
    """Decodes label files, one after another; a context manager, which ends the child."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def actions(self, data: bytes, name: str, frames: int) -> Actions:
        """The inputs of `frames` frames. Raises `LabelsError` naming the file."""
        child = self._child = self._child or _start()
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            _write(child.stdin, {"name": name, "frames": frames, "size": len(data)}, data)
            answer = json.loads(child.stdout.readline())
            held = child.stdout.read(answer.get("size", 0))
        except (BrokenPipeError, json.JSONDecodeError) as error:
            self._end()
            raise LabelsError(f"{name}: not a readable parquet file (reading it crashed); fetch it again.") from error
        if "error" in answer:
            raise LabelsError(answer["error"])
        buttons = np.frombuffer(held, np.bool_, frames * len(BUTTONS)).reshape(frames, -1)
        sticks = np.frombuffer(held, np.float32, offset=buttons.size).reshape(frames, len(STICKS))
        return Actions(buttons, sticks)

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "POLARS_MAX_THREADS": "1", "RUST_BACKTRACE": "0"},
    )


def _write(pipe: IO[bytes], line: dict[str, object], data: bytes = b"") -> None:
    pipe.write(json.dumps(line).encode() + b"\n")
    pipe.write(data)
    pipe.flush()


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """The child: answers until the parent closes its end. The alarm's default action ends the process."""
    with contextlib.suppress(ValueError, OSError):  # not every system bounds address space
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    while line := requests.readline():
        asked = json.loads(line)
        data = requests.read(asked["size"])
        signal.alarm(SECONDS)
        try:
            found = parquet.actions(data, asked["name"], asked["frames"])
        except LabelsError as error:
            _write(answers, {"error": str(error)})
        else:
            held = found.buttons.tobytes() + found.sticks.astype(np.float32).tobytes()
            _write(answers, {"size": len(held)}, held)
        signal.alarm(0)


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
