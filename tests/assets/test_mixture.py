"""What a mixture takes of the segments: all play, a little idleness, nothing else."""

import polars as pl

from nitro_assets.assets.training_mixture import worker as training_mixture
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.clip_loader import BLOCK
from nitro_assets.runtime.job import Job, Outcome, make
from nitro_assets.settings import Settings
from tests.assets.corpus import key
from tests.assets.rows import fit
from tests.assets.small_world import job, settled

MIXTURE = "ground_truth_and_pseudo"
VIDEOS, BLOCKS = 50, 60
"""Each with so many blocks of play, then of idleness, then of a menu."""


def segments(job: Job, shard: str) -> Outcome:
    """The segments of the videos, as their worker writes them."""
    rows: list[dict[str, object]] = []
    for number in range(VIDEOS):
        for at, reason in enumerate(("play", "idle", "menu")):
            start, end = at * BLOCKS * BLOCK, (at + 1) * BLOCKS * BLOCK
            facts = {"keep": reason == "play", "reason": reason, "confidence": 0.8, "game": "pong"}
            frames = {"first_frame": int(start * 30), "end_frame": int(end * 30)}
            rows.append({"video_key": key(number), "segment": at, "start": start, "end": end, **frames, **facts})
    job.lake.write("label_segments", shard, fit("label_segments", rows))
    return Outcome(len(rows))


def taken(lake: Lake) -> pl.DataFrame:
    """The pseudo-labelled chunks of the mixture, with the reason of the segment that they lie in."""
    reason = pl.col("chunk").floordiv(BLOCKS).replace_strict({0: "play", 1: "idle", 2: "menu"})
    rows = lake.read("training_mixture").filter(mixture=MIXTURE, origin="pseudo").with_columns(reason=reason)
    return rows.sort("video_key", "chunk").collect()


def test_all_play_is_taken_and_one_idle_chunk_in_twenty(settings: Settings) -> None:
    lake = settled(settings)
    make(job(lake, settings, "label_segments"), segments, "0000")
    assert training_mixture.load_recipe(MIXTURE).idle == 0.05
    make(job(lake, settings, "training_mixture"), training_mixture.build, MIXTURE)
    first = taken(lake)
    ours = first.filter(pl.col("video_key").is_in([key(n) for n in range(VIDEOS)]))
    counts = dict(ours.group_by("reason").len().iter_rows())
    assert counts.keys() == {"play", "idle"}
    assert counts["play"] == VIDEOS * BLOCKS
    assert 0.04 < counts["idle"] / (VIDEOS * BLOCKS) < 0.06
    idle = ours.filter(reason="idle")
    assert idle["chunk"].n_unique() > BLOCKS // 2, "from everywhere"
    assert idle["video_key"].n_unique() > VIDEOS // 2, "of most videos"
    make(job(lake, settings, "training_mixture"), training_mixture.build, MIXTURE)
    assert taken(lake).equals(first), "the same ones in every run"
