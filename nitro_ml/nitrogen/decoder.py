"""Label files decoded in a child process, so that a hostile one costs its own chunk and not the run.

A parquet file of a few kilobytes can ask its reader for exabytes; polars then aborts the whole process, which no
`except` survives.
"""

import sys

import numpy as np

from nitro_ml.core.actions import BUTTONS, STICKS, Actions
from nitro_ml.core.labels import LabelsError
from nitro_ml.nitrogen import parquet
from nitro_ml.nitrogen.parquet import Labelled
from nitro_ml.sandbox import process
from nitro_ml.sandbox.process import MEMORY, QUIET, SandboxError, SandboxProcess

SECONDS = 20.0


class Decoder:
    """Decodes label files, one after another; a context manager, which ends the child. One that died is replaced."""

    def __init__(self) -> None:
        self._child: SandboxProcess | None = None

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def labels(self, data: bytes, name: str, frames: int) -> Labelled:
        """What the file says of `frames` frames; see `parquet.labels`. Raises `LabelsError` naming the file."""
        started = self._child = self._child or SandboxProcess(__name__, str(MEMORY), env=QUIET)
        try:
            started.ask({"name": name, "frames": frames, "size": len(data)}, data)
            answer = started.answer(SECONDS)
            held = started.take(answer.get("size", 0), SECONDS)
        except SandboxError as error:
            self._end()
            raise LabelsError(f"{name}: not a readable parquet file (reading it {error}); fetch it again.") from error
        if "error" in answer:
            raise LabelsError(answer["error"])
        buttons = np.frombuffer(held, np.bool_, frames * len(BUTTONS)).reshape(frames, -1)
        numbers = np.frombuffer(held, np.float32, offset=buttons.size)
        sticks, reward = np.split(numbers, [frames * len(STICKS)])
        return Labelled(Actions(buttons, sticks.reshape(frames, -1)), reward if reward.size else None, answer["flaw"])

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


def serve(memory: int) -> None:
    """The child."""
    process.bound(memory)
    for asked, data in process.requests():
        try:
            found = parquet.labels(data, asked["name"], asked["frames"])
        except LabelsError as error:
            process.reply({"error": str(error)})
        else:
            actions, reward = found.actions, b"" if found.reward is None else found.reward.tobytes()
            held = actions.buttons.tobytes() + actions.sticks.astype(np.float32).tobytes() + reward
            process.reply({"size": len(held), "flaw": found.flaw}, held)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
