"""Is one model better than another: both on the same held-out videos, with a paired bootstrap over the videos.

A video's frames are no independent trials, so whole videos are drawn, the same ones for both models (Koehn 2004).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.timeline import align
from nitro_ml.evaluation.events import EventCounts, count
from nitro_ml.evaluation.scores import Sample, evaluate_many

DRAWS = 2000
LIKELY = 0.95
TOLERANCE = 0.02
"""How much a game's score may fall for the sake of the others."""


@dataclass(frozen=True)
class Video:
    """One video's part in a game's score. events: within +-2 frames, all buttons; average_precision: macro, or None."""

    game: str
    events: EventCounts
    average_precision: float | None


@dataclass(frozen=True)
class Verdict:
    """games: {game: {"old", "new", "difference"}}; difference of the mean over games, with the range in which 90% of
    the draws lie; better: the lower end of it is above 0 and no game falls by more than the tolerance; why: in words.
    """

    better: bool
    why: str
    difference: float
    low: float
    high: float
    videos: int
    games: dict[str, dict[str, float]]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def video_score(game: str, samples: Sequence[Sample], thresholds: NDArray[np.float32]) -> Video:
    """One video, of one or several clips."""
    found = EventCounts()
    for s in samples:
        hard = align(s.labels, s.time).hard(thresholds).buttons
        for b in range(hard.shape[1]):
            press, release = count(hard[:, b], s.truth.buttons[:, b], 2)
            found = found + press + release
    return Video(game, found, evaluate_many(samples, thresholds).macro_ap)


def compare(old: Mapping[str, Video], new: Mapping[str, Video]) -> Verdict:
    """Two models' scores of the same videos, by name. Raises ValueError where the videos differ or there are none.

    A game's score is the mean of its event F1 (+-2 frames, events of all its videos together) and of the mean macro
    average precision of its videos; the models' score is the mean over games.
    """
    if old.keys() != new.keys() or not old:
        raise ValueError(f"compare: found {len(old)} and {len(new)} videos; needed are the same, at least one.")
    names = sorted(old)
    before, after = ([scores[name] for name in names] for scores in (old, new))
    games = sorted({video.game for video in before})
    once = np.ones((1, len(names)))
    was, now = (_scores(videos, games, once)[0] for videos in (before, after))
    drawn = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS).astype(float)
    differences = np.nanmean(_scores(after, games, drawn) - _scores(before, games, drawn), axis=1)
    low, high = np.quantile(differences, [1 - LIKELY, LIKELY])
    difference = float((now - was).mean())
    table = {
        game: {"old": float(a), "new": float(b), "difference": float(b - a)}
        for game, a, b in zip(games, was, now, strict=True)
    }
    fallen = [game for game, row in table.items() if row["difference"] < -TOLERANCE]
    told = f"{difference:+.3f} ({low:+.3f} to {high:+.3f}) on {len(names)} held-out videos of {len(games)} games"
    if low <= 0:
        why = f"not surely better: {told}"
    elif fallen:
        why = f"better on the whole: {told}; but worse by more than {TOLERANCE} in {', '.join(fallen)}"
    else:
        why = f"better: {told}, and in no game worse by more than {TOLERANCE}"
    return Verdict(bool(low > 0 and not fallen), why, difference, float(low), float(high), len(names), table)


def _scores(videos: Sequence[Video], games: Sequence[str], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score of each game in each draw, [draws, games]; NaN where a draw lacks a game. drawn: [draws, videos]."""
    events = np.array([[v.events.matched, v.events.predicted + v.events.true] for v in videos], float)
    precision = np.array([np.nan if v.average_precision is None else v.average_precision for v in videos])
    scores = np.full((len(drawn), len(games)), np.nan)
    for g, game in enumerate(games):
        mine = np.array([v.game == game for v in videos])
        times = drawn[:, mine]
        matched, total = times @ events[mine, 0], times @ events[mine, 1]
        f1 = np.where(total > 0, 2 * matched / np.maximum(total, 1), 1.0)
        measured = np.isfinite(precision[mine])
        weight = times[:, measured].sum(axis=1)
        mean = times[:, measured] @ precision[mine][measured] / np.maximum(weight, 1)
        scores[:, g] = np.where(times.sum(axis=1) > 0, np.where(weight > 0, (f1 + mean) / 2, f1), np.nan)
    return scores
