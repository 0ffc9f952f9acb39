"""Whether a freshly trained IDM becomes the one that labels."""

from dataclasses import dataclass
from typing import Any

from nitro_assets.lake.checkpoints import State
from nitro_assets.workers.job import Job
from nitro_ml.metrics.baselines import BASELINES

FIGURES = ("event_f1_2", "macro_ap")


@dataclass(frozen=True)
class Decision:
    """The new checkpoint's state, why, its mean scores over the trained games, and whether they beat every baseline."""

    state: State
    why: str
    scores: dict[str, float]
    beats_baselines: bool


def decide(job: Job, checkpoint: str, metrics: dict[str, Any]) -> Decision:
    """Promote a checkpoint that beats all baselines and the promoted one; the one it replaces is retired.

    Compared are the means over the trained games of event F1 (+-2 frames) and macro average precision on test videos.
    """
    scores = {figure: _mean(metrics, "model", figure) for figure in FIGURES}
    lost = [
        f"{figure} {scores[figure]:.3f} against {best:.3f} of {name}"
        for figure in FIGURES
        for name in BASELINES
        if (best := _mean(metrics, name, figure)) >= scores[figure]
    ]
    if lost:
        return Decision("candidate", f"does not beat the baselines: {'; '.join(lost)}", scores, False)
    current = job.checkpoints.promoted(job.asset.name)
    if current and current != checkpoint:
        row = job.state.checkpoints[current]
        old, new = sum(_scores(job, current).values()), sum(scores.values())
        if new <= old and row["partition"] in job.state.partitions(job.asset):
            return Decision(
                "candidate", f"{new:.3f} is not above the promoted {row['partition']}'s {old:.3f}", scores, True
            )
        job.checkpoints.change(current, "retired", f"replaced by {checkpoint}")
    told = ", ".join(f"{figure} {value:.3f}" for figure, value in scores.items())
    return Decision("promoted", f"beats all baselines: {told}", scores, True)


def _scores(job: Job, checkpoint: str) -> dict[str, float]:
    metrics = job.checkpoints.card(checkpoint)["metrics"]
    return {figure: _mean(metrics, "model", figure) for figure in FIGURES}


def _mean(metrics: dict[str, Any], name: str, figure: str) -> float:
    values = [table[name][figure] for table in metrics.values() if name in table and table[name][figure] is not None]
    return sum(values) / len(values) if values else 0.0
