"""Labels as an IDM might give them to a session: the truth, or what is left of it in the hands of one that is unsure,
sees nothing, or sees things. A classifier fitted on true inputs alone would believe every label."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.segmenting.corpus import FPS, Session
from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.labels import Labels
from nitro_ml.segments.smoothing import runs

MANNERS = ("true", "good", "unsure", "empty", "noise")
_PLAYED = ("active", "idle", "overlay")
Soft = NDArray[np.float32]


def labels_of(session: Session, manner: str, rng: np.random.Generator) -> Labels:
    """Labels of a session in one of `MANNERS`."""
    n = len(session.time)
    match manner:
        case "true":
            return Labels(session.time, session.buttons.astype(np.float32), session.sticks, np.ones(n, np.float32))
        case "good":
            return _seen(session, rng, missed=0.1, invented=0.02, shift=1, sure=(0.55, 1.0), confidence=(0.6, 0.95))
        case "unsure":
            return _seen(session, rng, missed=0.45, invented=0.1, shift=3, sure=(0.45, 0.8), confidence=(0.25, 0.7))
        case "empty":
            faint = rng.uniform(0, 0.25) + rng.normal(0, 0.04, session.buttons.shape)
            return _labels(session, np.clip(faint, 0, 0.45), 0.0, rng.uniform(0.1, 0.9), rng)
        case "noise":
            return _labels(session, _imagined(n, rng), 0.0, rng.uniform(0.1, 0.6), rng)
    raise ValueError(f"labels in the manner of {manner!r} are unknown; allowed are: {', '.join(MANNERS)}.")


def _seen(
    session: Session,
    rng: np.random.Generator,
    *,
    missed: float,
    invented: float,
    shift: int,
    sure: tuple[float, float],
    confidence: tuple[float, float],
) -> Labels:
    """True presses, of which some are missed, some come early or late, and some are invented; more of these where no
    game is to be seen, which no IDM was trained on."""
    soft = np.zeros(session.buttons.shape)
    used = np.flatnonzero(session.buttons.any(axis=0))
    for b in used:
        for first, last in runs(session.buttons[:, b]):
            if session.buttons[first, b] and rng.random() >= missed:
                early, late = rng.integers(-shift, shift + 1, 2)
                begin = max(first + early, 0)
                soft[begin : max(last + late, begin + 1), b] = rng.uniform(*sure)
            elif not session.buttons[first, b] and last - first > 6 and rng.random() < invented:
                begin = rng.integers(first, last - 4)
                soft[begin : begin + rng.integers(2, 12), b] = rng.uniform(0.5, 0.8)
    for first, last in runs(session.kinds) if len(used) else ():
        often = 0.0 if session.kinds[first] in _PLAYED else rng.choice([0.0, 0.3, 1.0])
        for _ in range(rng.poisson(often * (last - first) / FPS)):
            begin = rng.integers(first, last)
            soft[begin : min(begin + rng.integers(2, 25), last), rng.choice(used)] = rng.uniform(0.5, 0.9)
    return _labels(session, soft, rng.uniform(0.7, 1.0), rng.uniform(*confidence), rng)


def _imagined(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Presses of a few buttons that have nothing to do with anything."""
    soft = np.zeros((n, len(BUTTONS)))
    for b in rng.choice(len(BUTTONS), rng.integers(1, 5), replace=False):
        for begin, end in _presses(n, float(rng.choice([10, 30, 90])), rng):
            soft[begin:end, b] = rng.uniform(0.5, 0.9)
    return soft


def _presses(n: int, pause: float, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    at = 0
    while at < n:
        begin = at + int(rng.exponential(pause)) + 1
        at = begin + int(rng.exponential(12)) + 1
        yield begin, at


def _labels(
    session: Session, soft: NDArray[np.float64], sticks: float, confidence: float, rng: np.random.Generator
) -> Labels:
    """With some noise in everything; sticks: how far they follow the true ones."""
    n = len(session.time)
    noisy = np.clip(soft + rng.normal(0, 0.05, soft.shape), 0, 1).astype(np.float32)
    tilt = session.sticks * sticks + (rng.normal(0, 0.05, session.sticks.shape) if sticks else 0.0)
    trust = np.clip(confidence + rng.normal(0, 0.1, n), 0, 1).astype(np.float32)
    return Labels(session.time, noisy, np.clip(tilt, -1, 1).astype(np.float32), trust)
