"""A clip at the rate the models work at, whatever rate the video has."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import Actions
from nitro_ml.core.clip import Clip, Pixels
from nitro_ml.core.timeline import nearest

RATE = 30.0
READERS = 16
"""Clips that are read at a time."""


class ResampledClip:
    """A clip's steps of 1/30 s: each is the frame nearest in time. Frames are read on demand, as clips may lie on
    disk.
    """

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self._start, self._end = float(clip.time[0]), float(clip.time[-1])
        self._count = math.ceil((self._end + 0.5 / RATE - self._start) / (1 / RATE))

    def __len__(self) -> int:
        return self._count

    def index(self, steps: slice | NDArray[np.int64]) -> NDArray[np.int64]:
        """The clip's frames of these steps."""
        steps = np.arange(*steps.indices(self._count)) if isinstance(steps, slice) else steps
        return nearest(self.clip.time, self._start + steps / RATE)

    def frames(self, start: int, stop: int) -> NDArray[np.uint8]:
        """uint8 [stop - start, S, S, 3]."""
        return np.ascontiguousarray(self.clip.frames[self.index(slice(start, stop))])

    def frames_at(self, steps: NDArray[np.int64]) -> NDArray[np.uint8]:
        """uint8 [K, S, S, 3] of these steps."""
        return np.ascontiguousarray(self.clip.frames[self.index(steps)])

    def ahead(self, step: int, seconds: float, count: int, rate: float = RATE) -> NDArray[np.int64]:
        """The clip's frames nearest to `count` moments, 1 / `rate` s apart, the first of them so many seconds after a
        step; fewer where the clip ends before. Half way between two frames the input of the earlier is still held.
        """
        if not seconds and rate == RATE:
            return self.index(slice(step, step + count))
        at = self._start + step / RATE + seconds + np.arange(count) / rate
        return nearest(self.clip.time, at[at < self._end + 0.5 / RATE])

    def actions(self, start: int, stop: int) -> Actions:
        """What was held in those steps. Raises `ValueError` for a clip without labels."""
        return self.clip.acted(self.index(slice(start, stop)))


def frames_of(picks: Sequence[tuple[ResampledClip, NDArray[np.int64]]]) -> NDArray[np.uint8]:
    """uint8 [B, K, S, S, 3]: K steps of each of B clips. Frames in a bucket are read for several clips at a time."""
    if not any(_is_far(steps.clip.frames) for steps, _ in picks):
        return np.stack([steps.frames_at(wanted) for steps, wanted in picks])
    with ThreadPoolExecutor(READERS) as readers:
        return np.stack(list(readers.map(lambda pick: pick[0].frames_at(pick[1]), picks)))


def _is_far(frames: Pixels) -> bool:
    return not isinstance(frames, np.ndarray) and frames.is_far


def spread(clips: Sequence[Clip], count: int, before: int = 0, after: int = 0) -> list[tuple[ResampledClip, int]]:
    """About `count` steps (no more than twice that), evenly over the clips, each with so many steps before and after
    it.
    """
    steps = [ResampledClip(clip) for clip in clips]
    every = [(s, i) for s in steps for i in range(before, len(s) - after)]
    return every[:: max(1, len(every) // count)]
