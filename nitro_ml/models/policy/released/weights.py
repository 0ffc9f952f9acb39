"""A released checkpoint's file, read and written; every tensor is held against the layout's table."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nitro_ml.models.policy.released.archive import Archive, WeightsError
from nitro_ml.models.policy.released.pickled import STORAGE, PickleError, Strided, read
from nitro_ml.models.policy.released.plain import plain
from nitro_ml.models.policy.released.sizes import Shapes, Sizes, table

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Weights:
    """state: the tensors by their released names, float32; beside: what else the file holds, as plain values;
    foreign: the names of classes it would have loaded; sha256 and size (bytes) of the file.
    """

    state: dict[str, Tensor]
    beside: dict[str, Any]
    foreign: list[str]
    sha256: str
    size: int


def read_weights(path: Path, sizes: Sizes | None = None, progress: Progress | None = None) -> Weights:
    """The weights in a file of `torch.save`, without unpickling it: nothing in it is run.

    The tensors are memory-mapped. Raises `WeightsError` naming what is missing, too much, of another shape or type,
    truncated, not finite, compressed, or would have been called; everything but the numbers themselves is checked
    before any of them is read.
    """
    told = progress or (lambda done, what: None)
    shapes = table(sizes or Sizes())
    archive = Archive(path)
    try:
        content, foreign = read(archive.pickle())
        if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
            raise PickleError("found no dictionary of tensors under `model`.")
        found = content.pop("model")
        beside = plain(content)
    except PickleError as error:
        raise WeightsError(f"{path.name}: data.pkl is refused: {error}") from error
    _check(path.name, found, shapes, archive)
    state = {}
    for number, name in enumerate(shapes):
        if number % 100 == 0:
            told(0.5 * number / len(shapes), "reading tensors")
        state[name] = _tensor(archive, found[name])
        if not torch.isfinite(state[name]).all():
            raise WeightsError(f"{path.name}: {name} has numbers that are not finite; allowed are finite ones.")
    told(0.5, "hashing the file")
    return Weights(state, beside, foreign, archive.sha256(), len(archive))


def _check(file: str, found: dict[Any, Any], shapes: Shapes, archive: Archive) -> None:
    missing, surplus = [n for n in shapes if n not in found], [str(n) for n in found if n not in shapes]
    for names, what in ((missing, "missing"), (surplus, "not of this layout")):
        if names:
            listed = ", ".join(name[:100] for name in names[:3]) + (", ..." if len(names) > 3 else "")
            raise WeightsError(f"{file}: {len(names)} of its tensors {what}: {listed}; the layout has {len(shapes)}.")
    for name, shape in shapes.items():
        tensor = found[name]
        if not isinstance(tensor, Strided):
            raise WeightsError(f"{file}: {name} is a {type(tensor).__name__}; allowed is a tensor of {shape}.")
        if tensor.storage.kind != STORAGE:
            raise WeightsError(f"{file}: {name} is of {tensor.storage.kind[:60]}; allowed is {STORAGE} (float32).")
        if tensor.shape != shape or len(tensor.stride) != len(shape):
            raise WeightsError(f"{file}: {name} has the shape {str(tensor.shape)[:60]}; allowed is {shape}.")
        last = tensor.offset + sum((n - 1) * step for n, step in zip(shape, tensor.stride, strict=True))
        if last >= tensor.storage.count:
            raise WeightsError(f"{file}: {name} reaches beyond the {tensor.storage.count:,} numbers of its storage.")
        archive.check(tensor.storage)


def _tensor(archive: Archive, where: Strided) -> Tensor:
    return archive.numbers(where.storage).as_strided(where.shape, where.stride, where.offset)


def write_weights(
    path: Path, state: Mapping[str, Tensor], beside: Mapping[str, Any], sizes: Sizes | None = None
) -> None:
    """A file that upstream's loader reads: torch's zip with `model` and what else there was. Whole or not at all.

    Raises `FileExistsError` rather than replace a file.
    """
    if path.exists():
        raise FileExistsError(f"{path}: there already; nothing is replaced, so choose another name or remove it.")
    draft = path.with_name(f".{path.name}.draft")
    try:
        torch.save({"model": {name: _alone(state[name]) for name in table(sizes or Sizes())}, **beside}, draft)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _alone(tensor: Tensor) -> Tensor:
    """With a storage of its own: torch saves whole storages."""
    return tensor if tensor.untyped_storage().nbytes() == tensor.nbytes else tensor.clone()
