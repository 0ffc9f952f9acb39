"""Train one IDM recipe on NitroGen's masked frames, keep the checkpoint, and decide whether it is promoted."""

import json
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from nitro_assets.lake.cache import clip_cache
from nitro_assets.lineage.edges import Edge
from nitro_assets.workers import show
from nitro_assets.workers.footage import Footage
from nitro_assets.workers.job import Check, Job, Outcome, run
from nitro_assets.workers.promotion import decide
from nitro_ml.clip import Clip
from nitro_ml.idm.recipe import load_recipe
from nitro_ml.idm.train import train
from nitro_ml.metrics.table import rows

WORST_ECE = 0.1


def build(job: Job, partition: str) -> Outcome:
    """A checkpoint in the lake, its state, and its figures."""
    recipe = load_recipe(partition)
    chunks = job.lake.read("nitrogen_chunks").sort("video_key", "chunk").collect()
    with clip_cache(job.settings) as cache, tempfile.TemporaryDirectory(prefix="nitro-idm-") as folder:
        footage = Footage(job, cache, recipe.resolution)
        clips = footage.nitrogen(chunks)
        facts = {"inputs": job.state.components(job.asset, partition), "frames_by_video": frames_by_video(clips)}
        trained = train(recipe, clips, Path(folder), facts, job.progress)
        checkpoint = job.checkpoints.put(trained.path)
        strip = clips[0].frames[:240]
        preview = show.filmstrip(strip, f"what the model sees of {clips[0].game}: cropped, overlay masked")
    edges = nitrogen_edges(job, chunks, facts["frames_by_video"])
    metrics = trained.card["metrics"]
    decision = decide(job, checkpoint, metrics)
    if job.state.checkpoints.get(checkpoint, {}).get("state") != "promoted":
        job.checkpoints.set(
            checkpoint, job.asset.name, partition, decision.state, decision.why, json.dumps(decision.scores)
        )
    ece = {game: table["model"]["ece"] for game, table in metrics.items() if table["model"]["ece"] is not None}
    return Outcome(
        rows=sum(facts["frames_by_video"].values()),
        version=checkpoint,
        edges=edges,
        refused=footage.refused,
        checks=[
            Check("beats_baselines", decision.beats_baselines, decision.why),
            Check("calibrated", max(ece.values(), default=1.0) <= WORST_ECE, f"ECE by game: {ece}"),
        ],
        metadata={
            "checkpoint": checkpoint,
            "decision": f"{decision.state}: {decision.why}",
            "metrics": show.table(rows(metrics)),
            "reliability": _reliability(metrics),
            "frames": preview,
            "videos": len(facts["frames_by_video"]),
        },
    )


def frames_by_video(clips: list[Clip]) -> dict[str, int]:
    """Frames that went into a training, by video key."""
    frames: dict[str, int] = {}
    for clip in clips:
        frames[clip.group] = frames.get(clip.group, 0) + len(clip)
    return frames


def nitrogen_edges(job: Job, chunks: pl.DataFrame, frames: dict[str, int]) -> list[Edge]:
    """One edge a video and shard it is in."""
    records = job.state.records
    pairs = chunks.select("nitrogen_shard", "video_key").unique().sort("nitrogen_shard", "video_key")
    return [
        Edge("nitrogen_actions", shard, records["nitrogen_actions", shard].version, key, frames[key])
        for shard, key in pairs.iter_rows()
        if key in frames
    ]


def _reliability(metrics: dict[str, Any]) -> show.Value:
    bins = {game: table["model"]["reliability"] for game, table in metrics.items()}
    curves = {game: ([b["predicted"] for b in found], [b["held"] for b in found]) for game, found in bins.items()}
    return show.lines({"ideal": ([0, 1], [0, 1]), **curves}, "reliability on test videos", "predicted", "truly held")


if __name__ == "__main__":
    run("idm_checkpoint", build)
