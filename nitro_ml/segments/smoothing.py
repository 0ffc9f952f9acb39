"""Windows and runs over one value per frame."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def smooth(values: NDArray[Any], width: float) -> NDArray[np.float64]:
    """Mean over a centred window of about `width` rows, shorter at the ends; values [T, ...]."""
    half = int(width / 2)
    total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0, dtype=np.float64)])
    index = np.arange(len(values))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    return np.asarray((total[high] - total[low]) / (high - low).reshape(-1, *[1] * (values.ndim - 1)))


def runs(values: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """First and last (exclusive) index of each stretch of equal values; values [T], T >= 1."""
    edges = np.flatnonzero(values[1:] != values[:-1]) + 1
    yield from zip([0, *edges.tolist()], [*edges.tolist(), len(values)], strict=True)


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


def viterbi(scores: NDArray[np.float64], change: float) -> NDArray[np.int64]:
    """The path with the highest sum of scores [n, k], less `change` for each change of state (Viterbi, 1967): [n]."""
    n, k = scores.shape
    back = np.empty((n, k), np.int64)
    total, stay = scores[0].copy(), np.arange(k)
    for i in range(1, n):
        best = int(total.argmax())
        moves = total[best] - change > total
        back[i] = np.where(moves, best, stay)
        total = np.where(moves, total[best] - change, total) + scores[i]
    path = np.empty(n, np.int64)
    path[-1] = total.argmax()
    for i in range(n - 1, 0, -1):
        path[i - 1] = back[i, path[i]]
    return path
