"""Train one IDM recipe on NitroGen's masked frames, keep the checkpoint, and decide whether it is promoted."""

import json
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from nitro_assets.assets.idm_checkpoint.promotion import decide
from nitro_assets.lake.files.cache import ClipCache, clip_cache
from nitro_assets.lake.files.resume_state import resume_state
from nitro_assets.lineage.edges import Edge
from nitro_assets.runtime import previews
from nitro_assets.runtime.clips.chosen import fetch_chosen, idm_chunks, missed, whole_rows
from nitro_assets.runtime.clips.clip_loader import ClipLoader
from nitro_assets.runtime.clips.plan import plan_idm
from nitro_assets.runtime.clips.training import check_startable, trained
from nitro_assets.runtime.job import Check, Job, Outcome, run
from nitro_ml.core.clip import Clip
from nitro_ml.core.labels import Labels
from nitro_ml.evaluation.paired_bootstrap import Video
from nitro_ml.evaluation.table import rows
from nitro_ml.evaluation.worst_clips import SECONDS, filmstrip, worst_clip
from nitro_ml.models.idm.card import text, write_card
from nitro_ml.models.idm.config import load_recipe
from nitro_ml.models.idm.evaluate import by_video
from nitro_ml.models.idm.label import Labeller, label_clip
from nitro_ml.models.idm.train import train
from nitro_ml.nitrogen.label_correction import counts

WORST_ECE = 0.1


def build(job: Job, partition: str) -> Outcome:
    """A checkpoint in the lake, its state, its card, and its figures."""
    recipe = load_recipe(partition)
    check_startable(job, recipe)
    chosen, frozen = idm_chunks(job.lake, recipe), job.checkpoints.held_out(job.asset.name)
    plan = plan_idm(job.state, recipe, chosen.chunks)
    plan.announce()
    with clip_cache(job.settings) as cache, tempfile.TemporaryDirectory(prefix="nitro-idm-") as folder:
        footage = ClipLoader(job, cache, recipe.resolution)
        there = fetch_chosen(footage, chosen, lambda rows: footage.fetch_nitrogen(whole_rows(job.lake, rows)))
        chunks = whole_rows(job.lake, there)
        clips = footage.nitrogen(chunks)
        labels = counts(footage.found or {})
        facts: dict[str, Any] = {
            "inputs": job.state.input_versions(job.asset, partition),
            "frames_by_video": frames_by_video(clips),
            "labels": labels,
        }
        with resume_state(job.settings, job.asset.name, partition, facts["inputs"], clips, sorted(frozen)) as kept:
            began = time.monotonic()
            made = trained(job, recipe, partial(train, frozen=frozen), clips, Path(folder), facts, kept.folder)
            seconds = 0.0 if kept.resumed else time.monotonic() - began
        card = made.card
        checkpoint = job.checkpoints.put(made.path)
        labeller = Labeller(made.path)
        tested = labelled(labeller, [clip for clip in clips if clip.group in card["held_out"]])

        def rescore(other: str, videos: set[str]) -> dict[str, Video]:
            old = Labeller(job.checkpoints.get(other))
            same = ClipLoader(job, cache, old.resolution, found=footage.found)
            again = same.nitrogen(chunks.filter(pl.col("video_key").is_in(videos)))
            return by_video(labelled(old, again), old.thresholds)

        decision = decide(job, checkpoint, card, by_video(tested, labeller.thresholds), rescore)
        worst = worst_clips(cache, recipe.resolution, checkpoint, tested, labeller)
        written, *plots = write_card(Path(folder) / "card", card, decision.markdown(), worst)
        job.checkpoints.attach(checkpoint, [written, *plots])
        shown = {plot.stem: previews.picture(plot.read_bytes(), "png", plot.stem) for plot in plots}
    figures = json.dumps(decision.figures())
    if decision.state == "promoted":
        job.checkpoints.promote(checkpoint, job.asset.name, partition, decision.why, figures)
    elif job.state.checkpoints.get(checkpoint, {}).get("state") != "promoted":
        job.checkpoints.set(checkpoint, job.asset.name, partition, decision.state, decision.why, figures)
    metrics, coverage = card["metrics"], card["coverage"]
    ece = {game: table["model"]["ece"] for game, table in metrics.items() if table["model"]["ece"] is not None}
    off = {game: abs(1 - found["risk_all"] - found["confidence"]) for game, found in coverage.items()}
    honest = max(off.values(), default=1.0) <= WORST_ECE
    return Outcome(
        rows=sum(facts["frames_by_video"].values()),
        version=checkpoint,
        edges=nitrogen_edges(job, chunks, facts["frames_by_video"]),
        refused=footage.refused,
        made=recipe.steps if seconds else 0,
        seconds=seconds,
        checks=[
            Check("beats_baselines", decision.beats_baselines, decision.why),
            Check("promoted", decision.state == "promoted", decision.why),
            Check("calibrated", max(ece.values(), default=1.0) <= WORST_ECE, f"ECE by game: {ece}"),
            Check(
                "confidence_is_honest",
                honest,
                f"off by, in the mean of each game: {off}",
            ),
        ],
        metadata={
            "checkpoint": checkpoint,
            "decision": previews.markdown(decision.markdown()),
            "metrics": previews.table(rows(metrics)),
            "card": previews.markdown(text(card, decision.markdown(), worst)),
            **shown,
            **plan.metadata(),
            "videos": len(facts["frames_by_video"]),
            **missed(footage, chosen, there),
            "labels held against their pictures": labels,
            "not measured": previews.markdown(
                "\n".join(f"- {told}" for told in card["not_measured"]) or "every game was"
            ),
        },
        committed=kept.remove,
    )


def labelled(labeller: Labeller, clips: Sequence[Clip]) -> list[tuple[Clip, Labels]]:
    """The clips with the labels made for them."""
    return [(clip, label_clip(labeller, clip)) for clip in clips]


def worst_clips(
    cache: ClipCache, size: int, checkpoint: str, tested: Sequence[tuple[Clip, Labels]], labeller: Labeller
) -> list[dict[str, Any]]:
    """The worst stretch of each game: rows for the card, and a filmstrip in the clip cache, under its video's key."""
    found = []
    for game in sorted({clip.game for clip, _ in tested}):
        stretch = worst_clip([(c, la) for c, la in tested if c.game == game], labeller.thresholds(game))
        with cache.beside(size, stretch.clip.group, f"worst-{checkpoint[:12]}.png") as picture:
            filmstrip(stretch, picture)
        found.append({"game": game, "seconds": SECONDS, "right": stretch.correct, "confidence": stretch.confidence})
    return found


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


if __name__ == "__main__":
    run("idm_checkpoint", build)
