"""What the two world models' workers share: a mixture's clips in, a checkpoint and its figures out."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nitro_assets.lake.cache import clip_cache
from nitro_assets.lake.training import scratch
from nitro_assets.workers import show
from nitro_assets.workers.footage import FETCHED
from nitro_assets.workers.job import Job, Outcome
from nitro_assets.workers.mixture_clips import MixtureClips, mixture_clips
from nitro_ml.core.progress import part
from nitro_ml.models.world.config import WorldRecipe, load_recipe
from nitro_ml.models.world.train import Trained

Train = Callable[..., Trained]
Preview = Callable[[Path, MixtureClips], show.Value]


def train_on_mixture(
    job: Job, partition: str, train: Train, preview: Preview | None = None
) -> tuple[Outcome, dict[str, Any]]:
    """Train with `train(recipe, clips, root, card, progress, scratch)`; the outcome and the card's metrics."""
    recipe: WorldRecipe = load_recipe(partition)
    with clip_cache(job.settings) as cache, tempfile.TemporaryDirectory(prefix="nitro-world-") as folder:
        clips = mixture_clips(job, cache, recipe.mixture, recipe.resolution)
        facts: dict[str, Any] = {"inputs": job.state.components(job.asset, partition), "mixture": recipe.mixture}
        with scratch(job.settings, job.asset.name, partition, facts["inputs"], clips.clips) as kept:
            told = part(job.progress, FETCHED, 1)
            trained = train(recipe, clips.clips, Path(folder), facts, told, kept.folder)
        checkpoint = job.checkpoints.put(trained.path)
        shown = {"preview": preview(trained.path, clips)} if preview else {}
    metrics = trained.card["metrics"]
    job.checkpoints.set(checkpoint, job.asset.name, partition, "candidate", "trained", json.dumps(metrics))
    outcome = Outcome(
        rows=sum(edge.rows for edge in clips.edges),
        version=checkpoint,
        edges=clips.edges,
        refused=clips.refused,
        metadata={"checkpoint": checkpoint, "PSNR, dB": show.table(psnr_rows(metrics)), **shown},
        committed=kept.remove,
    )
    return outcome, metrics


def psnr_rows(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a game: PSNR over all pixels, and over changed ones, by what the model was given."""
    rows = []
    for game, found in metrics["psnr"].items():
        row: dict[str, Any] = {"game": game}
        for way, psnr in found.items():
            row |= {f"{way}, {pixels}": value for pixels, value in psnr.items()}
        rows.append(row)
    return rows
