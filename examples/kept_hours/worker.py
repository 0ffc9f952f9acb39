"""Sum up the kept segments of all shards, game by game."""

import polars as pl

from nitro_assets.lineage.edges import Edge
from nitro_assets.runtime import previews
from nitro_assets.runtime.job import Check, Job, Outcome, run


def build(job: Job, partition: str) -> Outcome:
    """The hours of each game, as a table that Dagster's page shows."""
    kept = job.lake.read("label_segments").filter(pl.col("keep"))
    hours = (pl.col("end") - pl.col("start")).sum() / 3600
    games = kept.group_by("game").agg(videos=pl.n_unique("video_key"), hours=hours).sort("game").collect()
    seen = kept.group_by("corpus_shard", "video_key").len().sort("video_key").collect()
    records = job.state.records
    return Outcome(
        rows=games.height,
        edges=[Edge("label_segments", s, records["label_segments", s].version, k, n) for s, k, n in seen.iter_rows()],
        checks=[Check("something_is_kept", games.height > 0, f"{games.height} games")],
        metadata={"hours by game": previews.table(games)},
    )


if __name__ == "__main__":
    run("kept_hours", build)
