"""Train the policy of one mixture."""

import json
import tempfile
from pathlib import Path
from typing import Any

from nitro_assets.lake.cache import clip_cache
from nitro_assets.lake.training import scratch
from nitro_assets.workers import show
from nitro_assets.workers.footage import FETCHED
from nitro_assets.workers.job import Check, Job, Outcome, run
from nitro_assets.workers.mixture_clips import mixture_clips
from nitro_assets.workers.training_mixture import load_recipe as load_mixture
from nitro_ml.core.progress import part
from nitro_ml.models.policy.config import load_recipe
from nitro_ml.models.policy.train import train


def build(job: Job, partition: str) -> Outcome:
    """A checkpoint in the lake, with its held-out figures."""
    recipe = load_recipe(load_mixture(partition).policy)
    with clip_cache(job.settings) as cache, tempfile.TemporaryDirectory(prefix="nitro-policy-") as folder:
        clips = mixture_clips(job, cache, partition, recipe.resolution)
        facts: dict[str, Any] = {"inputs": job.state.components(job.asset, partition), "mixture": partition}
        with scratch(job.settings, job.asset.name, partition, facts["inputs"], clips.clips) as kept:
            told = part(job.progress, FETCHED, 1)
            trained = train(recipe, clips.clips, Path(folder), facts, told, kept.folder)
        checkpoint = job.checkpoints.put(trained.path)
    metrics = trained.card["metrics"]
    job.checkpoints.set(checkpoint, job.asset.name, partition, "candidate", "trained", json.dumps(metrics))
    gain = {g: m["button_ap"] - m["button_ap_chance"] for g, m in metrics.items() if m["button_ap"] is not None}
    return Outcome(
        rows=sum(edge.rows for edge in clips.edges),
        version=checkpoint,
        edges=clips.edges,
        refused=clips.refused,
        checks=[Check("learned", sum(gain.values()) > 0, f"average precision of its buttons less chance: {gain}")],
        metadata={
            "checkpoint": checkpoint,
            "clips": len(clips.clips),
            "held-out metrics": show.table([{"game": game, **values} for game, values in metrics.items()]),
        },
        committed=kept.remove,
    )


if __name__ == "__main__":
    run("policy_checkpoint", build)
