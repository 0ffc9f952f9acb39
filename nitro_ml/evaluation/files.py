"""Labels files beside truth files, of anybody's: found, paired, read and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.labels import Labels, LabelsError, Truth
from nitro_ml.core.timeline import REACH, nearest
from nitro_ml.evaluation.scores import Sample
from nitro_ml.sandbox.labels import Reader

ENDINGS = (".actions", ".labels")
NITROGEN = ("actions_raw", "actions_processed")
NEVER = (".segments.parquet", ".events.parquet")
"""What else lies beside a recording's truth."""


@dataclass(frozen=True)
class Pair:
    """A sample, the thresholds its labels file names (float32 [17], 0.5 where it names none), and what was noticed."""

    sample: Sample
    thresholds: NDArray[np.float32]
    covered: float


def find(paths: Sequence[Path]) -> dict[str, Path]:
    """Parquet files, and those of folders, by what they are about: `a/b.labels.parquet` is about `a/b`.

    Raises `LabelsError` for what isn't there, for a folder without any, and for two files about the same.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if not path.exists():
            raise LabelsError(f"{path}: not found; needed is a parquet file, or a folder of them.")
        files = sorted(f for f in path.rglob("*.parquet") if not f.name.endswith(NEVER)) if path.is_dir() else [path]
        if not files:
            raise LabelsError(f"{path}: no parquet file in this folder; needed is at least one.")
        for file in files:
            name = _about(file, path)
            if name in found and not (path.is_dir() and found[name].parent == file.parent):
                raise LabelsError(f"{found[name]} and {file} are both about {name!r}; allowed is one file a video.")
            if name not in found or file.stem != "actions_raw":  # of a chunk's two, the processed one
                found[name] = file
    return found


def _about(file: Path, root: Path) -> str:
    stem = file.stem
    for ending in ENDINGS:
        stem = stem.removesuffix(ending)
    folder = file.parent.relative_to(root) if root.is_dir() else Path()
    if stem in NITROGEN and folder != Path():
        return str(folder)
    return str(folder / stem)


def pair(labels: dict[str, Path], truths: dict[str, Path]) -> list[tuple[str, Path, Path]]:
    """(name, labels, truth) of each video; one of each always belong together. Raises `LabelsError` otherwise."""
    if len(labels) == len(truths) == 1:
        [(name, file)], [truth] = labels.items(), truths.values()
        return [(name, file, truth)]
    alone = sorted(labels.keys() ^ truths.keys())
    if alone:
        missing = [f"{name!r} has no {'truth' if name in labels else 'labels'}" for name in alone[:5]]
        raise LabelsError(
            f"found {len(labels)} labels and {len(truths)} truth files; each needs its counterpart of the same name "
            f"(`a.labels.parquet` and `a.actions.parquet`): {'; '.join(missing)}."
        )
    return [(name, labels[name], truths[name]) for name in sorted(labels)]


def read_pairs(pairs: Sequence[tuple[str, Path, Path]], fps: float, labels_fps: float) -> list[Pair]:
    """Samples, checked. fps: rate of truth files without `time`; labels_fps: of labels files. Raises `LabelsError`."""
    found = []
    with Reader() as reader:
        for name, file, truth_file in pairs:
            labels, limits = reader.labels(file, labels_fps)
            truth = reader.truth(truth_file, fps)
            found.append(_checked(name, file, truth_file, labels, truth, limits or [0.5] * len(BUTTONS)))
    return found


def common_thresholds(pairs: Sequence[Pair]) -> NDArray[np.float32]:
    """Those that all the labels files name, float32 [17]. Raises `LabelsError` where they name different ones."""
    if len({p.thresholds.tobytes() for p in pairs}) > 1:
        raise LabelsError(
            "the labels files name different thresholds, as those of different games do; evaluate them game by game, "
            "or give one --threshold for all."
        )
    return pairs[0].thresholds


def notes(pairs: Sequence[Pair]) -> list[str]:
    """What a reader of a table about these pairs has to know."""
    known = ["most_frequent is taken from the truth itself, which flatters it."]
    if len(pairs) == 1:
        known.append("another_video is missing: it takes the labels of a second video.")
    partly = [p for p in pairs if p.covered < 0.99]
    if partly:
        least = min(p.covered for p in partly)
        known.append(
            f"{len(partly)} of {len(pairs)} labels files leave frames of the truth without a label (the worst covers "
            f"{least:.0%}); there, nothing counts as held."
        )
    return known


def _checked(name: str, file: Path, truth_file: Path, labels: Labels, truth: Truth, limits: list[float]) -> Pair:
    if not len(labels) or not len(truth.time):
        raise LabelsError(f"{(truth_file if len(labels) else file).name}: no row; needed is at least one frame.")
    gap = np.abs(labels.time[nearest(labels.time, truth.time)] - truth.time)
    covered = float((gap <= REACH).mean())
    if not covered:
        raise LabelsError(
            f"{file.name}: its times ({_span(labels.time)}) and those of {truth_file.name} ({_span(truth.time)}) don't "
            "meet; both must be seconds from the video's first frame, or have no `time` and the rates given."
        )
    sample = Sample(labels, truth.actions, truth.time, name, truth.visible)
    return Pair(sample, np.array(limits, np.float32), covered)


def _span(time: NDArray[np.float64]) -> str:
    return f"{time[0]:.2f} to {time[-1]:.2f} s"
