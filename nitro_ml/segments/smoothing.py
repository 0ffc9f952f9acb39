"""Windows and runs over one value per frame."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def smooth(values: NDArray[Any], width: float) -> NDArray[np.float64]:
    """Mean over a centred window of about `width` frames, shorter at the ends."""
    half = int(width / 2)
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    index = np.arange(len(values))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    return (total[high] - total[low]) / (high - low)


def runs(values: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """First and last (exclusive) index of each stretch of equal values; values [T], T >= 1."""
    edges = np.flatnonzero(values[1:] != values[:-1]) + 1
    yield from zip([0, *edges.tolist()], [*edges.tolist(), len(values)], strict=True)


def long_runs(mask: NDArray[np.bool_], length: float) -> NDArray[np.bool_]:
    """The mask's true stretches of at least `length` frames."""
    kept = np.zeros_like(mask)
    for first, last in runs(mask):
        kept[first:last] = mask[first] and last - first >= length
    return kept


def without_short_runs(values: NDArray[np.int64], length: float) -> NDArray[np.int64]:
    """Stretches shorter than `length` frames take the value of the longer of their two neighbours."""
    kept: list[tuple[int, int]] = []  # (value, last), every one long enough
    spans = [(int(values[first]), last) for first, last in runs(values)]
    start = 0
    for i, (value, last) in enumerate(spans):
        if kept and kept[-1][0] == value:
            kept[-1] = (value, last)
        elif last - start < length and i + 1 < len(spans):
            before = start - (kept[-2][1] if len(kept) > 1 else 0)
            if not kept or spans[i + 1][1] - last > before:
                continue  # the next stretch begins where this one did
            kept[-1] = (kept[-1][0], last)
        elif last - start < length and kept:
            kept[-1] = (kept[-1][0], last)
        else:
            kept.append((value, last))
        start = last
    return np.repeat([value for value, _ in kept], np.diff([0, *(last for _, last in kept)]))
