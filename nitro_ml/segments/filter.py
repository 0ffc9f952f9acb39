"""Cut a video into segments, and keep or drop each with one reason.

Five times a second, a classifier (fitted by `python -m benchmarks.segments --fit`) computes the probability of each
kind of segment from the picture and the inferred inputs (`step_features`). The likeliest path through these
probabilities gives the segments, and their borders are moved to the cut or the input that they belong to. Rules then
drop play that must not be learned: labels above a chosen risk, and inputs that no hand makes.

Sources: judged per segment and never per episode (NitroGen's users); a button held over 60% of the frames and more than
six at once are implausible (open-p2p, arXiv 2601.04575); idle frames are dropped (VPT, arXiv 2206.11795).
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.labels import Labels
from nitro_ml.segments.borders import refined
from nitro_ml.segments.classifier import KINDS, Classifier, pretrained
from nitro_ml.segments.features import FrameFacts
from nitro_ml.segments.sampling import TimeSteps
from nitro_ml.segments.smoothing import runs, smooth, viterbi, without_short_runs
from nitro_ml.segments.step_features import step_features

Reason = Literal[
    "play",
    "idle",
    "menu",
    "loading",
    "cutscene",
    "death",
    "intro",
    "facecam",
    "overlay",
    "low_confidence",
    "implausible",
]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Only `play` is kept. Titles and pauses count as `menu`; `overlay` is play below a drawn controller."""

_BRIEF = np.array([not name.startswith("dpad_") and not name.endswith("_trigger") for name in BUTTONS])
_DOUBT = -8.0  # the least log probability that counts: one step never decides alone


@dataclass(frozen=True)
class Rules:
    """The rules by which a segment is dropped. Lengths are in seconds, shares and confidences in [0, 1].

    - `risk`, `window`: play is dropped above this probability of a wrong frame, which is one minus the labels'
      confidence, averaged over `window`.
    - `held`, `held_length`: the share of a play segment of at least `held_length` for which one button may be down.
      Directions and triggers are exempt, because people walk and accelerate for minutes.
    - `together`: the number of buttons that may be down at once.
    - `stick`: the deflection from which a stick counts as input.
    - `change`: the cost of a change of kind, in nats.
    - `shortest`: a shorter segment joins its neighbour.
    """

    risk: float = 0.7
    window: float = 2.0
    held: float = 0.6
    held_length: float = 20.0
    together: int = 6
    stick: float = 0.25
    change: float = 10.0
    shortest: float = 0.7


@dataclass(frozen=True)
class Segment:
    """The frames from `first_frame` to `last_frame` (exclusive), shown from `start` to `end` in seconds.

    `confidence` is the mean confidence of the segment's labels, in [0, 1].
    """

    start: float
    end: float
    first_frame: int
    last_frame: int
    keep: bool
    reason: Reason
    confidence: float


def segment_video(
    facts: FrameFacts,
    labels: Labels,
    rules: Rules | None = None,
    thresholds: NDArray[np.float32] | float = 0.5,
    classifier: Classifier | None = None,
) -> list[Segment]:
    """Cut a video into segments, in order, without gap or overlap; neighbours differ in their reason.

    - `facts`: [T] of `features.FRAME`.
    - `labels`: the labels of the same T frames.
    - `thresholds`: the checkpoint's own, a number or float32 [17].
    - `classifier`: a classifier other than the pretrained one.

    Raises `ValueError` where the lengths differ.
    """
    rules = rules or Rules()
    if len(facts) != len(labels):
        raise ValueError(
            f"segment_video: found the facts of {len(facts)} frames for {len(labels)} labels; allowed is one row per "
            "label. Compute both from the same frames."
        )
    if not len(labels):
        return []
    held = labels.hard(thresholds).buttons
    return filter_segments(kinds(facts, labels, held, rules, classifier or pretrained()), labels, held, rules)


def filter_segments(kind: NDArray[np.str_], labels: Labels, held: NDArray[np.bool_], rules: Rules) -> list[Segment]:
    """Make segments of frames whose kinds are known; active play that must not be used gets its own reason.

    kind: str [T], of `annotated_frame.KINDS`; labels and held, bool [T, 17]: of the same T >= 1 frames.
    """
    frame = seconds_per_frame(labels.time)
    reason = np.array([REASONS.index(k) for k in np.where(kind == "active", "play", kind)])
    for name, where in _doubtful(labels, held, frame, rules).items():
        reason[where & (reason == REASONS.index("play"))] = REASONS.index(name)
    reason = without_short_runs(reason, rules.shortest / frame)
    for first, last in runs(reason):
        long = REASONS[reason[first]] == "play" and (last - first) * frame >= rules.held_length
        if long and held[first:last, _BRIEF].mean(axis=0).max() > rules.held:
            reason[first:last] = REASONS.index("implausible")
    return [_segment(labels, first, last, REASONS[reason[first]], frame) for first, last in runs(reason)]


def kinds(
    facts: FrameFacts, labels: Labels, held: NDArray[np.bool_], rules: Rules, classifier: Classifier
) -> NDArray[np.str_]:
    """The kind of each frame, str [T], of `classifier.KINDS`; arguments as for `segment_video`; held: bool [T, 17]."""
    tilted = np.abs(labels.sticks) > rules.stick
    steps = TimeSteps.of(facts["looked"])
    scores = classifier.log_probabilities(step_features(facts, labels, held, tilted, steps))
    path = viterbi(np.maximum(scores, _DOUBT), rules.change)
    found = np.array(KINDS)[steps.frames(path)]
    return refined(found, facts, np.any(held, axis=1) | np.any(tilted, axis=1), seconds_per_frame(labels.time))


def _doubtful(labels: Labels, held: NDArray[np.bool_], frame: float, rules: Rules) -> dict[Reason, NDArray[np.bool_]]:
    """Where labels must not be used, bool [T] by reason; a later one outweighs."""
    return {
        "low_confidence": smooth(labels.confidence, rules.window / frame) < 1 - rules.risk,
        "implausible": smooth(held.sum(axis=1), 1 / frame) > rules.together,
    }


def _segment(labels: Labels, first: int, last: int, reason: Reason, frame: float) -> Segment:
    end = labels.time[last] if last < len(labels) else labels.time[-1] + frame
    confidence = float(labels.confidence[first:last].mean())
    return Segment(float(labels.time[first]), float(end), first, last, reason == "play", reason, confidence)


def seconds_per_frame(time: NDArray[np.float64]) -> float:
    """The median time between frames, in seconds; 1/30 where there is only one frame. time: float64 [T]."""
    step = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
    return step or 1 / 30
