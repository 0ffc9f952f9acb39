"""Whether a freshly trained IDM becomes the one that labels.

It must beat every baseline, and the promoted one on the frozen held-out videos: those that the promoted one was tested
on and never trained on, which no later training takes (see `idm/split.py`). New shards add videos to the set and never
take one out; a takedown does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nitro_assets.lake.files.checkpoints import State
from nitro_assets.runtime.job import Job
from nitro_ml.evaluation.baselines import BASELINES
from nitro_ml.evaluation.markdown import markdown_table
from nitro_ml.evaluation.paired_bootstrap import DRAWS, TOLERANCE, Verdict, Video, compare
from nitro_ml.training.checkpoint import CheckpointError

FIGURES = ("event_f1_2", "macro_ap")
Rescore = Callable[[str, set[str]], dict[str, Video]]
"""rescore(checkpoint, videos): its score on these videos, by name, labelled anew."""


@dataclass(frozen=True)
class Decision:
    """The new checkpoint's state and why; its mean scores over the trained games, whether they beat every baseline; and
    the comparison with the promoted one, where there is one to compare with.
    """

    state: State
    why: str
    scores: dict[str, float]
    beats_baselines: bool
    verdict: Verdict | None = None

    def figures(self) -> dict[str, Any]:
        """For the registry."""
        return {**self.scores, **({"compared": self.verdict.to_dict()} if self.verdict else {})}

    def markdown(self) -> str:
        """For people."""
        if self.verdict is None:
            return f"{self.state}: {self.why}"
        rows = [{"game": game, **row} for game, row in self.verdict.games.items()]
        return (
            f"{self.state}: {self.why}\n\nBoth models on the same {self.verdict.videos} frozen held-out videos; a "
            f"game's score is the mean of event F1 (+-2 frames) and macro average precision; in brackets "
            f"90% of {DRAWS} draws of whole videos. No game may fall by more than {TOLERANCE}.\n\n"
            + markdown_table(rows)
        )


def decide(job: Job, checkpoint: str, card: Mapping[str, Any], new: Mapping[str, Video], rescore: Rescore) -> Decision:
    """Whether to promote a checkpoint: with clean inputs, one that beats all baselines and the promoted one.

    new: the checkpoint's scores of its held-out videos, by name.
    """
    metrics = card["metrics"]
    scores = {figure: _mean(metrics, "model", figure) for figure in FIGURES}
    lost = [
        f"{figure} {scores[figure]:.3f} against {best:.3f} of {name}"
        for figure in FIGURES
        for name in BASELINES
        if (best := _mean(metrics, name, figure)) >= scores[figure]
    ]
    if blocked := job.lake.blocklist().among(card["frames_by_video"]):
        return Decision("tainted", f"{len(blocked)} of its videos are under a takedown request", scores, not lost)
    if not metrics:
        return Decision("candidate", "nothing was measured, for want of videos to test on", scores, False)
    if lost:
        return Decision("candidate", f"does not beat the baselines: {'; '.join(lost)}", scores, False)
    told = f"beats all baselines: {', '.join(f'{figure} {value:.3f}' for figure, value in scores.items())}"
    current = job.checkpoints.promoted(job.asset.name)
    if current is None or current == checkpoint:
        return Decision("promoted", told, scores, True)
    row = job.state.checkpoints[current]
    shared = set(job.checkpoints.card(current).get("held_out", [])) & new.keys()
    verdict = None
    if shared:
        try:
            verdict = compare(rescore(current, shared), {name: new[name] for name in shared})
            better, why = verdict.better, f"against the promoted {row['partition']}: {verdict.why}"
        except CheckpointError as error:  # nor could it label
            better, why = True, f"the promoted {row['partition']} is of no use any more: {error}"
    else:
        better, why = False, f"no held-out video is left on which {row['partition']} could be compared"
    if not better:
        return Decision("candidate", why, scores, True, verdict)
    return Decision("promoted", f"{told}; {why}", scores, True, verdict)


def _mean(metrics: Mapping[str, Any], name: str, figure: str) -> float:
    values = [table[name][figure] for table in metrics.values() if name in table and table[name][figure] is not None]
    return sum(values) / len(values) if values else 0.0
