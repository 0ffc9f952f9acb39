"""A mixture's rows as clips: frames from the cache (fetched again when missing), inputs from the lake."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from nitro_assets.lake import quantize
from nitro_assets.lake.files.cache import ClipCache
from nitro_assets.lineage.edges import Edge
from nitro_assets.runtime.clips.chosen import CHUNK, Chosen, fetch_chosen, missed, whole_rows
from nitro_assets.runtime.clips.clip_loader import ClipLoader, Row, few_videos
from nitro_assets.runtime.clips.mixture_rows import within
from nitro_assets.runtime.job import Job, Refused
from nitro_ml.core.clip import Clip, part_of
from nitro_ml.core.labels import Labels
from nitro_ml.core.timeline import nearest
from nitro_ml.training.mixture import load_recipe


@dataclass(frozen=True)
class MixtureClips:
    """The clips, those of held-out videos marked; what could not be had, and the lineage edges of what was; for the
    asset's metadata, how much that is."""

    clips: list[Clip]
    refused: list[Refused]
    edges: list[Edge]
    missed: dict[str, int]


def mixture_chunks(job: Job, mixture: str) -> Chosen:
    """The rows that a mixture is trained on; its reserve takes the place of what can't be had."""
    rows, choice = job.lake.partition("training_mixture", mixture), load_recipe(mixture).data
    return Chosen(rows.filter(pl.col("split") != "reserve"), rows, lambda left: within(left, choice))


def mixture_clips(job: Job, cache: ClipCache, mixture: str, size: int) -> MixtureClips:
    """All of a mixture at `size` x `size`. A pseudo-label counts as held where it is likelier than not.

    Not by its checkpoint's thresholds: those find rare events, and call a button held that probably isn't.
    """
    chosen = mixture_chunks(job, mixture)
    footage = ClipLoader(job, cache, size)

    def fetch(rows: pl.DataFrame) -> None:
        footage.fetch_nitrogen(whole_rows(job.lake, rows.filter(origin="nitrogen")))
        footage.fetch_pseudo(rows.filter(origin="pseudo"))

    rows = fetch_chosen(footage, chosen, fetch)
    held = set(chosen.candidates.filter(split="held_out")["video_key"])
    clips = _nitrogen(job, footage, rows.filter(origin="nitrogen"))
    clips += _pseudo(job, footage, rows.filter(origin="pseudo"))
    version = job.state.records["training_mixture", mixture].version
    frames: dict[str, int] = {}
    for clip in clips:
        frames[clip.group] = frames.get(clip.group, 0) + len(clip)
    return MixtureClips(
        [replace(clip, held_out=clip.group in held) for clip in clips],
        footage.refused,
        [Edge("training_mixture", mixture, version, key, n) for key, n in sorted(frames.items())],
        missed(footage, chosen, rows),
    )


def _nitrogen(job: Job, footage: ClipLoader, rows: pl.DataFrame) -> list[Clip]:
    chunks = whole_rows(job.lake, rows)
    return footage.nitrogen(chunks.join(rows.select(*CHUNK, "weight"), on=CHUNK, maintain_order="left"))


def _pseudo(job: Job, footage: ClipLoader, rows: pl.DataFrame) -> list[Clip]:
    clips = []
    for some in few_videos(footage.pseudo(rows)):
        labels = _labels(job, [row for row, _ in some])
        for row, frames in some:
            found = labels[row["video_key"]]
            inside = (frames.time >= row["start"]) & (frames.time < row["end"])
            if inside.sum() > 1:
                time = footage.spill.keep(frames.time[inside])
                first, last = np.flatnonzero(inside)[[0, -1]]
                actions = footage.kept(found.hard()[nearest(found.time, time)])
                pixels = part_of(frames.rgb, first, last + 1)
                clips.append(Clip(pixels, time, row["game"], row["video_key"], actions, row["weight"], soft=True))
    return clips


def _labels(job: Job, rows: Sequence[Row]) -> dict[str, Labels]:
    """Labels by video."""
    parts, keys = ({row[name] for row in rows} for name in ("part", "video_key"))
    wanted = pl.col("corpus_shard").is_in(list(parts)) & pl.col("video_key").is_in(list(keys))
    table = job.lake.read("pseudo_labels").filter(wanted).collect()
    return {key: quantize.dequantize(part) for (key,), part in table.partition_by("video_key", as_dict=True).items()}
