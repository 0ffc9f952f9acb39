"""Keep or drop, stretch by stretch, with one reason each. Rules with documented thresholds; nothing is trained.

How it sees a menu without knowing the game. A video is split where its look (mean colour, darkness, flatness, edges)
changes for good. Stretches that look alike belong together. A look in which the picture lives anywhere in the video is
the game, and standing still in it is idleness; a look that never lives is a full-screen picture: a title, a menu or a
loading screen. A picture lives if it moves in most of its frames and not always in the same spot: a ball crosses
the field, a blinking prompt or a progress bar stays where it is.

Sources: judged per segment and never per episode (NitroGen's users); a button held over 60% of the frames and more
than six at once are implausible (open-p2p, arXiv 2601.04575); idle frames are dropped (VPT, arXiv 2206.11795).
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nitro_ml.actions import BUTTONS
from nitro_ml.labels import Labels
from nitro_ml.segments.features import FEATURES
from nitro_ml.segments.looks import ScreenRules, find_screens
from nitro_ml.segments.smoothing import long_runs, runs, smooth, without_short_runs

Reason = Literal["play", "idle", "menu", "loading", "low_confidence", "implausible"]
REASONS: tuple[Reason, ...] = ("play", "idle", "menu", "loading", "low_confidence", "implausible")
"""Only `play` is kept. Title screens count as `menu`."""

_BRIEF = np.array([not name.startswith("dpad_") and not name.endswith("_trigger") for name in BUTTONS])


@dataclass(frozen=True)
class Rules:
    """When a stretch is dropped. Lengths are in seconds, shares and confidences in [0, 1].

    idle: no input for that long in a running game; a shorter wait is part of playing. blip: input in a smaller share of
    `window` is the IDM's noise. risk: the chance of a wrong frame (one minus the labels' confidence, mean over
    `window`) over which labels are not used. held: the share of a play segment (of at least `held_length`) for which
    one button may be down; directions and triggers are exempt, because people walk and accelerate for minutes.
    together: buttons that may be down at once. stick: the deflection that counts as input. shortest: a shorter segment
    joins its neighbour.
    """

    idle: float = 3.0
    blip: float = 0.08
    risk: float = 0.7
    window: float = 2.0
    held: float = 0.6
    held_length: float = 20.0
    together: int = 6
    stick: float = 0.25
    shortest: float = 0.7
    screens: ScreenRules = field(default_factory=ScreenRules)


@dataclass(frozen=True)
class Segment:
    """Frames `first_frame` to `last_frame` (exclusive), shown from `start` to `end` (seconds).

    confidence: the labels' mean confidence in the segment.
    """

    start: float
    end: float
    first_frame: int
    last_frame: int
    keep: bool
    reason: Reason
    confidence: float


def judge(
    features: NDArray[np.float32],
    labels: Labels,
    rules: Rules | None = None,
    thresholds: NDArray[np.float32] | float = 0.5,
) -> list[Segment]:
    """Segments that cover the video without gap or overlap, in order; neighbours differ in their reason.

    features: float32 [T, 12] (`features.FEATURES`); labels: of the same T frames; thresholds: scalar or [17], the
    checkpoint's own. Raises ValueError where the lengths differ.
    """
    rules = rules or Rules()
    if features.shape != (len(labels), len(FEATURES)):
        raise ValueError(
            f"judge: found features {features.shape} for {len(labels)} labels; allowed is [T, {len(FEATURES)}] with "
            "one row per label. Compute both from the same frames."
        )
    if not len(labels):
        return []
    frame = _seconds_per_frame(labels.time)
    held = labels.hard(thresholds).buttons
    reason = without_short_runs(_reasons(features, labels, held, frame, rules), rules.shortest / frame)
    for first, last in runs(reason):
        long = REASONS[reason[first]] == "play" and (last - first) * frame >= rules.held_length
        if long and held[first:last, _BRIEF].mean(axis=0).max() > rules.held:
            reason[first:last] = REASONS.index("implausible")
    return [_segment(labels, first, last, REASONS[reason[first]], frame) for first, last in runs(reason)]


def _reasons(
    features: NDArray[np.float32], labels: Labels, held: NDArray[np.bool_], frame: float, rules: Rules
) -> NDArray[np.int64]:
    """An index into `REASONS` per frame, before short stretches are joined; a later entry of `found` outweighs."""
    tilted = np.abs(labels.sticks) > rules.stick
    active: NDArray[np.bool_] = np.any(held, axis=1) | np.any(tilted, axis=1)
    still = ~active | (smooth(active, rules.window / frame) < rules.blip)
    screens = find_screens(features, frame, rules.screens)
    found: dict[Reason, NDArray[np.bool_]] = {
        "low_confidence": smooth(labels.confidence, rules.window / frame) < 1 - rules.risk,
        "idle": long_runs(still, rules.idle / frame),
        "implausible": smooth(held.sum(axis=1), 1 / frame) > rules.together,
        "menu": screens == "menu",
        "loading": screens == "loading",
    }
    reason = np.full(len(labels), REASONS.index("play"))
    for name, where in found.items():
        reason[where] = REASONS.index(name)
    return reason


def _segment(labels: Labels, first: int, last: int, reason: Reason, frame: float) -> Segment:
    end = labels.time[last] if last < len(labels) else labels.time[-1] + frame
    confidence = float(labels.confidence[first:last].mean())
    return Segment(float(labels.time[first]), float(end), first, last, reason == "play", reason, confidence)


def _seconds_per_frame(time: NDArray[np.float64]) -> float:
    """The median; 1/30 where there is only one frame."""
    step = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
    return step or 1 / 30
