"""What the workers of policy and world models share: a mixture's clips in, a checkpoint and its figures out."""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nitro_assets.lake.files.cache import clip_cache
from nitro_assets.lake.files.resume_state import resume_state
from nitro_assets.runtime.clips.mixture_clips import MixtureClips, mixture_chunks, mixture_clips
from nitro_assets.runtime.clips.plan import plan_on_mixture
from nitro_assets.runtime.clips.training import Recipe, Train, check_startable, trained
from nitro_assets.runtime.job import Job, Outcome
from nitro_assets.runtime.previews import Value

Preview = Callable[[Path, MixtureClips], Value]


def train_on_mixture(
    job: Job, partition: str, mixture: str, recipe: Recipe, steps: int, train: Train, preview: Preview | None = None
) -> tuple[Outcome, dict[str, Any]]:
    """Train so many steps with `train`; the outcome and the card's metrics. Raises `RecipeError` where the footage
    doesn't fit the settings' bounds."""
    check_startable(job, recipe)
    rows = mixture_chunks(job, mixture).chunks
    plan = plan_on_mixture(job.state, job.asset.name, partition, mixture, rows, recipe.resolution, steps)
    plan.announce()
    with clip_cache(job.settings) as cache, tempfile.TemporaryDirectory(prefix="nitro-training-") as folder:
        clips = mixture_clips(job, cache, mixture, recipe.resolution)
        facts: dict[str, Any] = {"inputs": job.state.input_versions(job.asset, partition), "mixture": mixture}
        with resume_state(job.settings, job.asset.name, partition, facts["inputs"], clips.clips) as kept:
            began = time.monotonic()
            made = trained(job, recipe, train, clips.clips, Path(folder), facts, kept.folder)
            seconds = 0.0 if kept.resumed else time.monotonic() - began
        checkpoint = job.checkpoints.put(made.path)
        shown = {"preview": preview(made.path, clips)} if preview else {}
    metrics = made.card["metrics"]
    job.checkpoints.set(checkpoint, job.asset.name, partition, "candidate", "trained", json.dumps(metrics))
    outcome = Outcome(
        rows=sum(edge.rows for edge in clips.edges),
        version=checkpoint,
        edges=clips.edges,
        refused=clips.refused,
        made=steps if seconds else 0,
        seconds=seconds,
        metadata={
            "checkpoint": checkpoint,
            **plan.metadata(),
            "clips": len(clips.clips),
            **clips.missed,
            **shown,
        },
        committed=kept.remove,
    )
    return outcome, metrics
