"""Cheap facts about a video's pictures, from the pixels that are decoded for labelling anyway.

Every frame tells how much moved in it, and where; what else there is to see is looked at five times a second: three
bytes a frame and 51 a look, before they are compressed. `segment_video` needs nothing else from the pixels, so that it
can change without a video being fetched again.
"""

import math
from functools import partial
from typing import TypeAlias

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from nitro_ml.segments.sampling import StepNumbers

SIDE = 96  # pixels: what is larger is looked at in this size
GRID = 4  # cells along each side of the picture
_CELLS = [f"{row}{column}" for row in range(GRID) for column in range(GRID)]
FEATURES: tuple[str, ...] = (
    "motion",  # mean absolute luma difference from the frame before
    "moving",  # share of pixels whose luma changed by more than `STEP`
    "shimmer",  # share of pixels that changed by less, but changed: a camera's noise
    "motion_x",  # centre of the moving pixels, from the left; 0.5 where nothing moved
    "motion_y",  # the same from the top
    "spread_x",  # their standard deviation around it; 0 where nothing moved
    "spread_y",
    "pan",  # by how much of its side the picture as a whole was shifted, four times over
    "panned",  # how well that shift explains the picture
    "red",  # mean of the channel
    "green",
    "blue",
    "colourful",  # mean difference between a pixel's strongest and weakest channel
    "dark",  # share of pixels with a luma below `DARK`
    "flat",  # share of the most common of 64 colours
    "bars",  # share of the rows, from the top and from the bottom, that are black all along; the smaller one
    "edges",  # share of horizontal neighbours whose luma jumps by more than `JUMP`: text and line art
    "lines",  # standard deviation of that share over the rows: lines of text
    "sharp",  # mean absolute Laplacian
    *(f"moving_{cell}" for cell in _CELLS),  # `moving` and `edges` of the 16 cells, row by row
    *(f"edges_{cell}" for cell in _CELLS),
)
"""What a look tells, each in [0, 1]. Those of motion and edges, which are small, are the root of what they say."""
MEANS = [
    *(FEATURES.index(name) for name in ("motion", "moving", "shimmer")),
    *(FEATURES.index(f"moving_{cell}") for cell in _CELLS),
]
"""Those of `FEATURES` that are means over the frames since the look before; the others are of the one looked at."""
LEVELS = 63
FRAME = np.dtype([("motion", "u1"), ("moved", "<u2"), ("looked", "?"), ("look", "u1", len(FEATURES))])
"""A frame's facts. motion: as in `FEATURES`, but of this frame; moved: the cells in which a pixel moved, a bit each,
the lowest first; looked: whether it was looked at; look: `FEATURES`, or zeros. Steps are of 1/`LEVELS`."""
STEP = 10  # of 255: above what an encoder changes in a still picture
DARK = 32  # of 255
JUMP = 40  # of 255
_ROOTED = np.array(
    [name.startswith(("mov", "motion", "shimmer", "pan", "edges", "lines", "sharp")) for name in FEATURES]
)
_ROOTED &= ~np.isin(FEATURES, ("motion_x", "motion_y", "panned"))
_BLOCK = 128  # frames at a time: for fewer the calls are what takes long, for more the memory
_SMALL = 48  # side at which the shift is looked for
_WINDOW = cv2.createHanningWindow((_SMALL, _SMALL), cv2.CV_32F) * _SMALL**2  # by which `norm="forward"` divides
_CENTRED = 1 - 2 * (np.indices((_SMALL // 2 + 1, _SMALL), np.float32).sum(axis=0) % 2)  # no shift is in the middle
_PEAK = np.arange(-2, 3)  # pixels around the best shift that speak for it too

_resize = partial(cv2.resize, interpolation=cv2.INTER_AREA)
Bytes: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]
Spectra: TypeAlias = NDArray[np.complexfloating]
FrameFacts: TypeAlias = NDArray[np.void]
"""[T] of `FRAME`."""


class Features:
    """The facts of the consecutive frames of one video, some at a time.

    Takes uint8 [n, S, S, 3] and their times, float64 [n], and gives `FRAME` [n]: the same whatever the batches. In a
    video's first frame nothing counts as moving.
    """

    def __init__(self) -> None:
        self._last: Bytes | None = None
        self._steps = StepNumbers()
        self._since = np.zeros((1, len(MEANS) + 1), np.int64)  # what moved since the last look, and in how many frames

    def __call__(self, rgb: NDArray[np.uint8], time: NDArray[np.float64]) -> FrameFacts:
        facts = np.zeros(len(rgb), FRAME)
        facts["looked"] = self._steps.begins(time)
        for start in range(0, len(rgb), _BLOCK):
            self._tell(rgb[start : start + _BLOCK], facts[start : start + _BLOCK])
        return facts

    def _tell(self, rgb: Bytes, facts: FrameFacts) -> None:
        luma = _luma(rgb)
        luma = np.concatenate([luma[:1] if self._last is None else self._last, luma])
        self._last = luma[-1:].copy()
        change = np.asarray(cv2.absdiff(luma[1:], luma[:-1]), np.uint8)
        moved = change > STEP
        counts = _counts(change, moved)
        facts["motion"] = levels(np.sqrt(counts[:, 0] / 255 / change[0].size))
        facts["moved"] = bits(counts[:, -1 - GRID**2 : -1] > 0)
        (looks,) = facts["looked"].nonzero()
        total = np.concatenate([self._since, counts]).cumsum(axis=0)
        ends = np.concatenate([total[:1] * 0, total[looks + 1]])
        self._since = total[-1:] - ends[-1:]
        if len(looks):
            rows = _rows(_no_larger(rgb[looks]), luma[looks + 1], luma[looks], change[looks], moved[looks])
            rows[:, MEANS] = _means(np.diff(ends, axis=0), change[0].size)
            np.sqrt(rows, out=rows, where=_ROOTED)
            facts["look"][looks] = levels(rows)


def from_features(rows: NDArray[np.float32], time: NDArray[np.float64]) -> FrameFacts:
    """Facts from what was stored of each frame until November 2026: `FEATURES`, float32 [T, 51], without means."""
    facts = np.zeros(len(rows), FRAME)
    if not len(rows):
        return facts
    facts["motion"] = levels(rows[:, FEATURES.index("motion")])
    facts["moved"] = bits(rows[:, MEANS[-(GRID**2) :]] > 0)
    facts["looked"] = StepNumbers().begins(time)
    (looks,) = facts["looked"].nonzero()
    told = rows[looks].astype(np.float64)
    since = np.concatenate([[0], looks[:-1] + 1])  # the first frame after the look before
    squares = np.add.reduceat(rows[: looks[-1] + 1, MEANS].astype(np.float64) ** 2, since)
    told[:, MEANS] = np.sqrt(squares / np.diff(since, append=looks[-1] + 1)[:, None])
    facts["look"][looks] = levels(told)
    return facts


def levels(values: NDArray[np.floating]) -> Bytes:
    """Values in [0, 1] as whole steps of 1/`LEVELS`; what lies outside is moved to the nearer end."""
    return np.rint(np.clip(values, 0, 1) * LEVELS).astype(np.uint8)


def bits(cells: Mask) -> NDArray[np.uint16]:
    """Masks of the cells, bool [n, 16], as one number each."""
    return np.ascontiguousarray(np.packbits(cells, axis=1, bitorder="little")).view("<u2")[:, 0]


def cells_moved(facts: FrameFacts) -> Mask:
    """The way back: in which cells a pixel moved, bool [T, 16]."""
    found = np.unpackbits(facts["moved"][:, None].astype("<u2").view(np.uint8), axis=1, bitorder="little")
    return found.view(np.bool_)


def _luma(rgb: Bytes) -> Bytes:
    """uint8 [n, S, S] of at most `SIDE`."""
    grey = cv2.cvtColor(rgb.reshape(-1, *rgb.shape[2:]), cv2.COLOR_RGB2GRAY)
    luma: Bytes = np.asarray(grey, np.uint8).reshape(rgb.shape[:3])
    return luma if rgb.shape[1] <= SIDE else np.stack([_resize(frame, (SIDE, SIDE)) for frame in luma])


def _no_larger(frames: Bytes) -> Bytes:
    """Frames of at most `SIDE`. As floats, large ones are shrunk faster, to the same values."""
    if frames.shape[1] <= SIDE:
        return frames
    return np.rint([_resize(frame.astype(np.float32), (SIDE, SIDE)) for frame in frames]).astype(np.uint8)


def _counts(change: Bytes, moved: Mask) -> Counts:
    """Of each frame: the sum of its changes, how many pixels moved, how many shimmer, how many moved in each cell; and
    1. Whole numbers, since their sums are the same whatever is added up first."""
    all_changed = _sums(change > 1)
    moving = _sums(moved)
    side = moved.shape[1] // GRID
    strips = moved[:, : side * GRID, : side * GRID].reshape(-1, side)
    cells = _sums(strips).reshape(len(moved), GRID, side, GRID).sum(axis=2).reshape(len(moved), -1)
    return np.column_stack([_sums(change), moving, all_changed - moving, cells, np.ones_like(moving)]).astype(np.int64)


def _means(counts: Counts, pixels: int) -> Numbers:
    """The features of `MEANS` from sums of `_counts`."""
    cell = (math.isqrt(pixels) // GRID) ** 2
    whole = np.array([255 * pixels, pixels, pixels, *[cell] * GRID**2])
    means: Numbers = counts[:, :-1] / (counts[:, -1:] * whole)
    return means


def _rows(frames: Bytes, luma: Bytes, before: Bytes, change: Bytes, moved: Mask) -> Numbers:
    """`FEATURES` of frames whose lumas, and those of the frames before, are known; means are left out."""
    jumps = cv2.absdiff(luma[:, :, 1:], luma[:, :, :-1]) > JUMP
    means = np.zeros((3, len(frames)))
    return np.column_stack(
        [
            *means,
            *_places(moved),
            *_shift(_spectra(luma), _spectra(before)),
            *_colour(frames, luma),
            *_writing(luma, jumps),
            np.zeros((len(frames), GRID**2)),
            _cells(jumps),
        ]
    )


def _spectra(luma: Bytes) -> Spectra:
    """Of lumas at `_SMALL`, complex64 [n, 25, 48]."""
    n, height, width = luma.shape
    # Four at a time, as the channels of one picture: twice as fast.
    quarters = np.resize(luma, (4, -(-n // 4) * height, width))
    pictures = cv2.merge(list(quarters)).reshape(-1, height, width, 4)
    small = cv2.split(np.concatenate([_resize(picture, (_SMALL, _SMALL)) for picture in pictures]))
    windowed = np.concatenate(small).reshape(-1, _SMALL, _SMALL)[:n] * _WINDOW
    # With another norm numpy computes in float64; the axes this way round are faster.
    return np.fft.rfft2(windowed, axes=(2, 1), norm="forward")


def _sums(values: MatLike | Mask, kept: int = 1) -> NDArray[np.int32]:
    """The sum over all but the first `kept` axes."""
    flat = values.reshape(-1, math.prod(values.shape[kept:])).view(np.uint8)
    return np.asarray(cv2.reduce(flat, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S), np.int32).reshape(values.shape[:kept])


def _mean(values: MatLike | Mask, kept: int = 1) -> Numbers:
    """The mean over all but the first `kept` axes."""
    sums: Numbers = _sums(values, kept) / math.prod(values.shape[kept:])
    return sums


def _places(moved: Mask) -> tuple[Numbers, ...]:
    """motion_x, motion_y, spread_x, spread_y of where it moved, bool [n, S, S]."""
    x, spread_x = _place(np.einsum("nyx->nx", moved.view(np.uint8)))
    y, spread_y = _place(_mean(moved, 2) * moved.shape[2])
    return x, y, spread_x, spread_y


def _place(counts: NDArray[np.integer] | Numbers) -> tuple[Numbers, Numbers]:
    """Centre and standard deviation of what was counted in each line, [n, S], in sides; 0.5 and 0 where nothing was."""
    at = np.arange(counts.shape[1])
    total = counts.sum(axis=1)
    mean, square = ((counts * weight).sum(axis=1) / np.maximum(total, 1) for weight in (at, at**2))
    centre = np.where(total, mean, at.mean())
    return (centre + 0.5) / len(at), np.sqrt(np.maximum(square - centre**2, 0)) / len(at)


def _shift(now: Spectra, before: Spectra) -> tuple[Numbers, Numbers]:
    """pan and panned, by phase correlation (Kuglin and Hines, 1975): as `cv2.phaseCorrelate`, but all at once."""
    match = _matches(now, before)
    best = np.stack(np.divmod(match.reshape(len(match), -1).argmax(axis=1), _SMALL))
    around = best[:, :, None] + _PEAK
    y, x = around.clip(0, _SMALL - 1)
    there = (around >= 0) & (around < _SMALL)
    peak = match[np.arange(len(match))[:, None, None], y[:, :, None], x[:, None, :]].astype(np.float64)
    peak *= there[0, :, :, None] & there[1, :, None, :]
    response = peak.sum(axis=(1, 2))
    moments = np.stack([np.einsum("nyx,ny->n", peak, y), np.einsum("nyx,nx->n", peak, x)])
    down, right = moments / (response + np.finfo(np.float64).eps) - _SMALL / 2
    return np.minimum(4 * np.hypot(down, right) / _SMALL, 1), response


def _matches(now: Spectra, before: Spectra) -> NDArray[np.floating]:
    """How well each shift explains the small pictures, [n, 48, 48]."""
    cross = np.multiply(before, now.conj())  # `*` may work in place, where it rounds otherwise: by size of the batch
    strength = np.abs(cross)
    cross *= strength * _CENTRED / (strength * strength + np.finfo(np.float32).eps)
    return np.fft.irfft2(cross, axes=(2, 1))


def _colour(frames: Bytes, luma: Bytes) -> tuple[Numbers, ...]:
    """red, green, blue, colourful, dark, flat, bars of frames uint8 [n, S, S, 3] and their luma."""
    planes = cv2.split(frames.reshape(-1, *frames.shape[2:]))
    red, green, blue = (np.asarray(plane, np.uint8).reshape(luma.shape) for plane in planes)
    most, least = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    return (
        *(_mean(channel) / 255 for channel in (red, green, blue)),
        (_mean(most) - _mean(least)) / 255,
        _mean(luma < DARK),
        _flat(red & 192 | (green & 192) >> 2 | (blue & 192) >> 4),
        _bars(_mean(luma > DARK, 2) > 0),
    )


def _flat(colours: NDArray[np.integer]) -> Numbers:
    """The share of the most common of 64 colours, multiples of 4."""
    # Pixel by pixel over the frames: to count up one and the same number for neighbours that are alike is slow.
    pixels = cv2.transpose(colours.reshape(len(colours), -1))
    frame = np.tile(np.arange(len(colours), dtype=np.uint8), (len(pixels), 1))
    counts = cv2.calcHist([pixels, frame], [0, 1], None, [64, len(colours)], [0, 256, 0, len(colours)])
    most: Numbers = counts.max(axis=0).astype(np.float64)
    return most / len(pixels)


def _bars(lit: Mask) -> Numbers:
    """The dark lines, [n, S], at the start or the end, whatever is less, in sides."""
    fewer = np.minimum(lit.argmax(axis=1), lit[:, ::-1].argmax(axis=1))
    bars: Numbers = np.where(lit.any(axis=1), fewer / lit.shape[1], 0.5)
    return bars


def _writing(luma: Bytes, jumps: Mask) -> tuple[Numbers, Numbers, Numbers]:
    """edges, lines and sharp of a luma uint8 [n, S, S] and where it jumps, bool [n, S, S - 1]."""
    density = _mean(jumps, 2)
    framed = np.pad(luma, ((0, 0), (1, 1), (0, 0)), "reflect")
    curve = cv2.Laplacian(framed.reshape(-1, luma.shape[2]), cv2.CV_16S).reshape(framed.shape)[:, 1:-1]
    bent = cv2.reduce(np.abs(curve).reshape(len(luma), -1), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[:, 0]
    return density.mean(axis=1), density.std(axis=1), bent / luma[0].size / 255


def _cells(mask: Mask) -> Numbers:
    """The mean of a mask in each cell, [n, 16]."""
    n, _, width = mask.shape
    strips = _resize(mask.reshape(-1, width).astype(np.float32), (width, n * GRID))
    return _resize(strips, (GRID, n * GRID)).reshape(n, GRID**2).astype(np.float64)
