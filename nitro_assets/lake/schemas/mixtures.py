"""The tables of the training mixtures, and of the episodes that policies played."""

import polars as pl

from nitro_assets.lake.schemas.table import VIDEO_KEY, Columns, table

_MIXTURE: Columns = {"mixture": (pl.String, "The mixture recipe. It is the partition.")}

TABLES = (
    table(
        "training_mixture",
        "training_mixture",
        "mixture",
        {
            **_MIXTURE,
            **VIDEO_KEY,
            "origin": (pl.String, "`nitrogen` for labelled play, or `pseudo` for pseudo-labels."),
            "part": (pl.String, "The NitroGen shard or corpus shard that the chunk's rows are in."),
            "chunk": (pl.Int32, "The number of the chunk, or of the segment, within its video."),
            "start": (pl.Float64, "When the chunk begins, in seconds of the video."),
            "end": (pl.Float64, "When the chunk ends, in seconds of the video."),
            "frames": (pl.Int32, "The number of labelled frames in the chunk."),
            "game": (pl.String, "The game; null if unknown."),
            "weight": (
                pl.Float64,
                "The sampling weight, at least 0; a chunk of weight 2 is drawn twice as often as one of weight 1.",
            ),
            "split": (
                pl.String,
                "`train` or `held_out`, all chunks of a video in the same split; `reserve` for chunks that are trained "
                "on only if others cannot be fetched.",
            ),
        },
        "One row for each chunk of a mixture: where it comes from, its times, its sampling weight and its split.",
    ),
    table(
        "policy_evaluation",
        "policy_evaluation",
        "mixture",
        {
            **_MIXTURE,
            "checkpoint": (pl.String, "The content hash of the policy that was evaluated."),
            "game": (pl.String, "The open game that was played."),
            "player": (pl.String, "The player: `policy`, `wanderer` (random) or `expert` (scripted)."),
            "episode": (pl.Int32, "The number of the episode, from 0."),
            "score": (pl.Float64, "The score of the episode, in the game's own points."),
        },
        "One row for each episode that the policy, the wanderer or the expert played in an open game.",
    ),
)
