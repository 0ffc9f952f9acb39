"""Labels and truth files of strangers, read in a child process: a hostile parquet file ends the process that reads it.

The child loads polars and nothing heavier, and answers with an `.npz`.
"""

import io
import json
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.files import parquet
from nitro_ml.core.labels import Labels, LabelsError, Truth, read_labels, read_truth
from nitro_ml.core.observability import Visible
from nitro_ml.sandbox import process
from nitro_ml.sandbox.process import MEMORY, QUIET, SandboxError, SandboxProcess

SECONDS = 120


class Reader:
    """Reads files one after another; a context manager, which ends the child."""

    def __init__(self) -> None:
        self._child = SandboxProcess(__name__, str(MEMORY), env=QUIET)

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._child.end()

    def labels(self, path: Path, fps: float) -> tuple[Labels, list[float] | None]:
        """As `read_labels`, and the thresholds that the file's metadata names, if any. Raises `LabelsError`."""
        found = self._ask("labels", path, fps)
        labels = Labels(found["time"], found["buttons"], found["sticks"], found["confidence"])
        return labels, found["thresholds"].tolist() or None

    def truth(self, path: Path, fps: float) -> Truth:
        """As `read_truth`. Raises `LabelsError`."""
        found = self._ask("truth", path, fps)
        seen = Visible(found["seen"], found["seen_sticks"]) if "seen" in found else None
        return Truth(Actions(found["buttons"], found["sticks"]), found["time"], seen)

    def _ask(self, kind: str, path: Path, fps: float) -> dict[str, NDArray[Any]]:
        self._child.ask({"kind": kind, "path": str(path), "fps": fps})
        try:
            answer = self._child.answer(SECONDS)
            data = self._child.take(answer.get("size", 0), SECONDS)
        except SandboxError as error:
            raise LabelsError(f"{path.name}: not a readable parquet file (reading it {error}).") from error
        if "error" in answer:
            raise LabelsError(answer["error"])
        return dict(np.load(io.BytesIO(data), allow_pickle=False))


def serve(memory: int) -> None:
    """The child."""
    process.bound(memory)
    for asked, _ in process.requests():
        try:
            found = (_labels if asked["kind"] == "labels" else _truth)(Path(asked["path"]), asked["fps"])
        except LabelsError as error:
            process.reply({"error": str(error)})
            continue
        buffer = io.BytesIO()
        np.savez(buffer, **found)  # type: ignore[arg-type]
        process.reply({"size": buffer.tell()}, buffer.getvalue())


def _labels(path: Path, fps: float) -> dict[str, NDArray[Any]]:
    labels = read_labels(path, fps)
    try:
        told = np.array(json.loads(parquet.metadata(path).get("thresholds", "[]")), np.float64)
    except ValueError as error:
        raise LabelsError(f"{path.name}: the thresholds in its metadata are no list of numbers.") from error
    if told.size and (told.shape != (len(BUTTONS),) or not ((told >= 0) & (told <= 1)).all()):
        raise LabelsError(f"{path.name}: the thresholds in its metadata must be {len(BUTTONS)} numbers in [0, 1].")
    arrays = {name: getattr(labels, name) for name in ("time", "buttons", "sticks", "confidence")}
    return {**arrays, "thresholds": told}


def _truth(path: Path, fps: float) -> dict[str, NDArray[Any]]:
    truth = read_truth(path, fps)
    arrays = {"time": truth.time, "buttons": truth.actions.buttons, "sticks": truth.actions.sticks}
    if truth.visible:
        arrays |= {"seen": truth.visible.buttons, "seen_sticks": truth.visible.sticks}
    return arrays


if __name__ == "__main__":
    serve(int(sys.argv[1]))
