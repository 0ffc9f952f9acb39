"""What an IDM has to beat, and the oracle that shows what frame-wise metrics are worth.

always_released, most_frequent and another_video see nothing of the video; copy_last_action is shown the true inputs of
one frame ago, looks almost perfect frame by frame, and is never to be beaten.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, STICKS, Actions
from nitro_ml.core.labels import Labels
from nitro_ml.core.timeline import released
from nitro_ml.evaluation.scores import Sample, Scores, evaluate_many

BASELINES = ("always_released", "most_frequent", "another_video")
ORACLE = "copy_last_action"


def with_baselines(
    samples: Sequence[Sample],
    thresholds: NDArray[np.float32] | float,
    known: Sequence[Actions],
    others: Sequence[Sample] = (),
) -> dict[str, Scores]:
    """The model's scores on videos of one game, beside the three baselines and the oracle, in that order.

    known: labelled play of the game, from which the most frequent action is taken; others: more videos of the game
    whose predictions may stand in as another video's. Without any other video, that row is left out.
    """
    frequent = most_frequent(known)
    rows: dict[str, list[Labels | None]] = {
        "model": [s.labels for s in samples],
        "always_released": [released(s.time) for s in samples],
        "most_frequent": [constant(*frequent, s.time) for s in samples],
        "another_video": [another_video(s, [*samples, *others]) for s in samples],
        ORACLE: [copy_last_action(s.truth, s.time) for s in samples],
    }
    scores: dict[str, Scores] = {}
    for name, predictions in rows.items():
        present = [replace(s, labels=p) for p, s in zip(predictions, samples, strict=True) if p is not None]
        if present:
            scores[name] = evaluate_many(present, thresholds if name in ("model", "another_video") else 0.5)
    return scores


def most_frequent(known: Sequence[Actions]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """The commonest combination of buttons, bool [17], and the median stick positions, float32 [4]."""
    combinations = Counter(row.tobytes() for actions in known for row in actions.buttons)
    if not combinations:
        return np.zeros(len(BUTTONS), bool), np.zeros(len(STICKS), np.float32)
    common = max(sorted(combinations), key=combinations.__getitem__)
    return np.frombuffer(common, bool), np.median(np.concatenate([a.sticks for a in known]), axis=0).astype(np.float32)


def constant(buttons: NDArray[np.bool_], sticks: NDArray[np.float32], time: NDArray[np.float64]) -> Labels:
    """The same action at all the given times."""
    n = len(time)
    return Labels(
        time, np.tile(buttons.astype(np.float32), (n, 1)), np.tile(sticks, (n, 1)), np.zeros(n, dtype=np.float32)
    )


def another_video(sample: Sample, samples: Sequence[Sample]) -> Labels | None:
    """The labels made for the next different video among `samples`, row by row, repeated or cut to length."""
    names = [s.video for s in samples]
    start = names.index(sample.video)
    for other in [*samples[start:], *samples[:start]]:
        if other.video != sample.video and len(other.labels):
            row = np.arange(len(sample.time)) % len(other.labels)
            return Labels(
                sample.time, other.labels.buttons[row], other.labels.sticks[row], other.labels.confidence[row]
            )
    return None


def copy_last_action(truth: Actions, time: NDArray[np.float64]) -> Labels:
    """The true inputs of one frame before; the first frame keeps its own."""
    row = np.maximum(np.arange(len(truth)) - 1, 0)
    return Labels(time, truth.buttons[row].astype(np.float32), truth.sticks[row], np.zeros(len(time), np.float32))
