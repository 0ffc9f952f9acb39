"""A training that is stopped half way, for every model that can go on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nitro_ml.training.checkpoint import Trained
from nitro_ml.training.trainer import Progress


def check_it_goes_on(train: Callable[[Path, Progress | None, Path | None], Trained], folder: Path) -> None:
    """`train(root, progress, scratch)`: stopped and gone on with, it ends in the checkpoint of one never stopped."""

    def stop(done: float, _: str) -> None:
        if done > 0.5:
            raise RuntimeError("stopped")

    scratch = folder / "scratch"
    with pytest.raises(RuntimeError, match="stopped"):
        train(folder / "a", stop, scratch)
    steps: list[float] = []
    resumed = train(folder / "b", lambda done, _: steps.append(done), scratch)
    assert min(steps) >= 0.5
    assert resumed.path.name == train(folder / "c", None, None).path.name
