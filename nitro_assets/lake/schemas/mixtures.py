"""The tables of what is trained on, and of how well what was trained plays."""

import polars as pl

from nitro_assets.lake.schemas.table import VIDEO_KEY, Columns, table

_MIXTURE: Columns = {"mixture": (pl.String, "The mixture recipe: the partition.")}

TABLES = (
    table(
        "training_mixture",
        "training_mixture",
        "mixture",
        {
            **_MIXTURE,
            **VIDEO_KEY,
            "origin": (pl.String, "`nitrogen` for labelled play, `pseudo` for pseudo-labels."),
            "part": (pl.String, "The shard that its rows are in: NitroGen's, or the corpus's."),
            "chunk": (pl.Int32, "The chunk's number, or the segment's, within its video."),
            "start": (pl.Float64, "When it begins, in seconds of the video."),
            "end": (pl.Float64, "When it ends, in seconds of the video."),
            "frames": (pl.Int32, "How many labelled frames it has."),
            "game": (pl.String, "The game; null: unknown."),
            "weight": (pl.Float64, "How often it is drawn, beside a weight of 1; at least 0."),
            "split": (
                pl.String,
                "`train` or `held_out`, all chunks of a video in the same; `reserve` takes the place of chunks that "
                "can't be fetched.",
            ),
        },
        "One row a chunk: `nitrogen` or `pseudo`, the shard its rows are in, seconds, sampling weight, split by video.",
    ),
    table(
        "policy_evaluation",
        "policy_evaluation",
        "mixture",
        {
            **_MIXTURE,
            "checkpoint": (pl.String, "The policy that was evaluated, by its content hash."),
            "game": (pl.String, "The open game that was played."),
            "player": (pl.String, "Who played: `policy`, `wanderer` (random) or `expert` (scripted)."),
            "episode": (pl.Int32, "The episode's number, from 0."),
            "score": (pl.Float64, "What the episode scored, in the game's own points."),
        },
        "One row an episode played in the arcade by the policy, the wanderer or the expert.",
    ),
)
