"""Labels files of strangers, read in a child process: a hostile parquet file ends the process that reads it.

The child loads polars and nothing heavier, and answers with an `.npz`.
"""

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from nitro_ml import child
from nitro_ml.child import Child, ChildError
from nitro_ml.labels import Labels, LabelsError, read_labels
from nitro_ml.nitrogen.decoder import MEMORY, QUIET

SECONDS = 120
ARRAYS = ("time", "buttons", "sticks", "confidence")


def read_guarded(files: Iterable[tuple[Path, float]]) -> Iterator[tuple[Labels, list[float] | None]]:
    """Each file's labels, and the thresholds that its metadata names, if any. Raises `LabelsError` for a bad one.

    files: with the frames a second to take where there is no `time`.
    """
    reader = Child(__name__, env=QUIET)
    try:
        for path, fps in files:
            yield _ask(reader, path, fps)
    finally:
        reader.end()


def _ask(reader: Child, path: Path, fps: float) -> tuple[Labels, list[float] | None]:
    reader.ask({"path": str(path), "fps": fps})
    try:
        answer = reader.answer(SECONDS)
        data = reader.take(answer.get("size", 0), SECONDS)
    except ChildError as error:
        raise LabelsError(f"{path.name}: not a readable parquet file (reading it {error}).") from error
    if "error" in answer:
        raise LabelsError(answer["error"])
    found = np.load(io.BytesIO(data), allow_pickle=False)
    return Labels(*(found[name] for name in ARRAYS)), answer["thresholds"]


def serve() -> None:
    """The child."""
    child.bound(MEMORY)
    for asked, _ in child.requests():
        path = Path(asked["path"])
        try:
            labels = read_labels(path, asked["fps"])
            thresholds = json.loads(pl.read_parquet_metadata(path).get("thresholds", "null"))
        except LabelsError as error:
            child.reply({"error": str(error)})
            continue
        buffer = io.BytesIO()
        np.savez(buffer, **{name: getattr(labels, name) for name in ARRAYS})
        child.reply({"size": buffer.tell(), "thresholds": thresholds}, buffer.getvalue())


if __name__ == "__main__":
    serve()
