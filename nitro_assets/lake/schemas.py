"""The tables: what columns they have, and the one column each is partitioned by.

`nitrogen_videos` and `video_index` are the index: the only tables that hold addresses and titles. Every other table
knows a video by its `video_key`, which stands in the columns of `KEYED` and in no text.
"""

from dataclasses import dataclass

import polars as pl

from nitro_ml.core.actions import BUTTONS, STICKS


@dataclass(frozen=True)
class Table:
    """A Delta table. `partition` names the column whose values are replaced as a whole; `asset` is its maker.

    `packed`: most partitions are a few small rows and share files, so that all of them can be read at once.
    `later`: columns that tables of older lakes lack, and that need not be given; they are null then.
    """

    name: str
    asset: str
    partition: str
    columns: dict[str, pl.DataType | type[pl.DataType]]
    doc: str
    packed: bool = False
    later: tuple[str, ...] = ()

    @property
    def has_videos(self) -> bool:
        """Whether rows belong to single videos, which the door must filter. Edges stay: they say what is left."""
        return "video_key" in self.columns and self.name != "lineage_edges"

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.columns)


KEYED = frozenset({"video_key", "channel_key", "name_key"})
"""The columns that are made for keys."""

SENTENCES = frozenset({"reason", "item", "message"})
"""Columns with words of ours, in which nothing may look like a key (lake/text.py)."""

_BOX = {f"overlay_{c}": pl.Int32 for c in ("x", "y", "w", "h")}
_AREA = {f"area_{c}": pl.Float64 for c in ("x", "y", "w", "h")}
_HARD = dict.fromkeys(BUTTONS, pl.Boolean) | dict.fromkeys(STICKS, pl.Float32)
_SOFT = dict.fromkeys(BUTTONS, pl.Int16) | dict.fromkeys(STICKS, pl.Int16) | {"confidence": pl.Int16}

_TABLES = (
    Table(
        "nitrogen_videos",
        "nitrogen_actions",
        "nitrogen_shard",
        {
            "nitrogen_shard": pl.String,
            "video_key": pl.String,
            "address": pl.String,
            "source": pl.String,
            "video_id": pl.String,
        },
        "Where NitroGen's labelled videos are, and under which id a file of their footage may lie beside the labels. "
        "Part of the index.",
        later=("video_id",),
    ),
    Table(
        "nitrogen_chunks",
        "nitrogen_actions",
        "nitrogen_shard",
        {
            "nitrogen_shard": pl.String,
            "video_key": pl.String,
            "chunk": pl.Int32,
            "game": pl.String,
            "controller": pl.String,
            "frames": pl.Int32,
            "start_time": pl.Float64,
            "end_time": pl.Float64,
            "width": pl.Int32,
            "height": pl.Int32,
            **_BOX,
            **_AREA,
            "variant": pl.String,
            "density": pl.Float32,
        },
        "One row a chunk: times in the video, overlay box in pixels, game area relative, raw or processed labels, "
        "share of frames with an input.",
    ),
    Table(
        "nitrogen_frames",
        "nitrogen_actions",
        "nitrogen_shard",
        {
            "nitrogen_shard": pl.String,
            "video_key": pl.String,
            "chunk": pl.Int32,
            "frame": pl.Int32,
            "time": pl.Float64,
            **_HARD,
        },
        "One row a labelled frame: time in the video (s), 17 buttons, 4 stick axes.",
    ),
    Table(
        "video_index",
        "video_index",
        "corpus_shard",
        {
            "corpus_shard": pl.String,
            "video_key": pl.String,
            "channel_key": pl.String,
            "address": pl.String,
            "title": pl.String,
            "uploader": pl.String,
            "licence": pl.String,
            "game": pl.String,
            "published": pl.String,
            "duration": pl.Float64,
            "width": pl.Int32,
            "height": pl.Int32,
            "fps": pl.Float64,
            "picture": pl.String,
            "keep": pl.Boolean,
            "reason": pl.String,
            "alive": pl.String,
            "checked_at": pl.Datetime("us", "UTC"),
        },
        "One row a video found through the sources: metadata, what is done so that its picture is seen as meant "
        "(turned, HDR mapped to SDR, ...; null where only the file will tell), verdict with its reason, liveness.",
        later=("picture",),
    ),
    Table(
        "pseudo_labels",
        "pseudo_labels",
        "corpus_shard",
        {
            "corpus_shard": pl.String,
            "video_key": pl.String,
            "frame": pl.Int32,
            "time": pl.Int32,
            **_SOFT,
            "calibration": pl.String,
            "checkpoint": pl.String,
            "picture": pl.String,
        },
        "One row a frame: soft labels in 1/255 and 1/127 steps (see lake/soft.py), the checkpoint that made them, "
        "which of its calibrations: a game's, or `pooled`, and what was done so that the picture was seen as meant.",
        later=("picture",),
    ),
    Table(
        "video_features",
        "pseudo_labels",
        "corpus_shard",
        {
            "corpus_shard": pl.String,
            "video_key": pl.String,
            "frame": pl.Int32,
            "features": pl.List(pl.Float32),
        },
        "One row a frame: the cheap picture features that segments are judged by (nitro_ml/segments/features.py).",
    ),
    Table(
        "label_segments",
        "label_segments",
        "corpus_shard",
        {
            "corpus_shard": pl.String,
            "video_key": pl.String,
            "segment": pl.Int32,
            "first_frame": pl.Int32,
            "end_frame": pl.Int32,
            "start": pl.Float64,
            "end": pl.Float64,
            "keep": pl.Boolean,
            "reason": pl.String,
            "confidence": pl.Float32,
            "game": pl.String,
        },
        "One row a segment: frames [first_frame, end_frame), seconds, keep or drop, and why.",
    ),
    Table(
        "training_mixture",
        "training_mixture",
        "mixture",
        {
            "mixture": pl.String,
            "video_key": pl.String,
            "origin": pl.String,
            "part": pl.String,
            "chunk": pl.Int32,
            "start": pl.Float64,
            "end": pl.Float64,
            "frames": pl.Int32,
            "game": pl.String,
            "weight": pl.Float64,
            "split": pl.String,
        },
        "One row a chunk: `nitrogen` or `pseudo`, the shard its rows are in, seconds, sampling weight, split by video.",
    ),
    Table(
        "policy_evaluation",
        "policy_evaluation",
        "mixture",
        {
            "mixture": pl.String,
            "checkpoint": pl.String,
            "game": pl.String,
            "player": pl.String,
            "episode": pl.Int32,
            "score": pl.Float64,
        },
        "One row an episode played in the arcade by the policy, the wanderer or the expert.",
    ),
    Table(
        "rejects",
        "rejects",
        "scope",
        {
            "scope": pl.String,
            "video_key": pl.String,
            "item": pl.String,
            "message": pl.String,
            "at": pl.Datetime("us", "UTC"),
        },
        "What an asset's partition refused: the file or address, what was found, what is allowed.",
        packed=True,
    ),
    Table(
        "failed_downloads",
        "failed_downloads",
        "scope",
        {
            "scope": pl.String,
            "video_key": pl.String,
            "asked": pl.String,
            "reason": pl.String,
            "attempts": pl.Int32,
            "at": pl.Datetime("us", "UTC"),
            "until": pl.Datetime("us", "UTC"),
        },
        "One row a video that an asset's partition could not fetch: a keyed hash of what was asked for, the class of "
        "the failure, how often it was tried in a row, and when it may be tried again.",
        packed=True,
    ),
    Table(
        "video_names",
        "video_names",
        "scope",
        {"scope": pl.String, "video_key": pl.String, "name_key": pl.String},
        "Further names of videos: a keyed hash of what a site's address calls it, or of what it was called before.",
        packed=True,
    ),
    Table(
        "lineage_edges",
        "lineage_edges",
        "scope",
        {
            "scope": pl.String,
            "asset": pl.String,
            "partition": pl.String,
            "version": pl.String,
            "input_asset": pl.String,
            "input_partition": pl.String,
            "input_version": pl.String,
            "video_key": pl.String,
            "rows": pl.Int64,
        },
        "Which rows of which input, of which video, went into which artifact.",
        packed=True,
    ),
    Table(
        "materialisations",
        "materialisations",
        "scope",
        {
            "scope": pl.String,
            "asset": pl.String,
            "partition": pl.String,
            "root": pl.String,
            "components": pl.String,
            "version": pl.String,
            "withheld": pl.List(pl.String),
            "rows": pl.Int64,
            "made": pl.Int64,
            "seconds": pl.Float64,
            "at": pl.Datetime("us", "UTC"),
        },
        "The root (what was read) and the version (what came out) of every artifact; staleness is decided from it. "
        "And how many rows were made anew in how many seconds, which the nightly plan goes by.",
        packed=True,
    ),
    Table(
        "checkpoints",
        "checkpoints",
        "checkpoint",
        {
            "checkpoint": pl.String,
            "asset": pl.String,
            "partition": pl.String,
            "state": pl.String,
            "why": pl.String,
            "metrics": pl.String,
            "at": pl.Datetime("us", "UTC"),
        },
        "One row a checkpoint: candidate, promoted, tainted or retired, and why.",
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _TABLES}
