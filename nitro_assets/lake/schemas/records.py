"""The tables about the pipeline itself: refusals, failed downloads, names, lineage, what was made, what stands."""

import polars as pl

from nitro_assets.lake.schemas.table import SCOPE, UTC, VIDEO_KEY, table

TABLES = (
    table(
        "rejects",
        "rejects",
        "scope",
        {
            **SCOPE,
            **VIDEO_KEY,
            "item": (pl.String, "What was refused or repaired: a file, a chunk or an entry of the sources."),
            "message": (pl.String, "What was found, what is allowed, and how to mend it."),
            "at": (UTC, "When it was refused, in UTC."),
        },
        "What an asset's partition refused: the file or address, what was found, what is allowed.",
        packed=True,
    ),
    table(
        "failed_downloads",
        "failed_downloads",
        "scope",
        {
            **SCOPE,
            **VIDEO_KEY,
            "asked": (pl.String, "A keyed hash of address, format and limits: another request is no old failure."),
            "reason": (pl.String, "The class of the failure: `gone`, `network`, `busy`, `too big`, ..."),
            "attempts": (pl.Int32, "How often it was tried in a row, at least 1."),
            "at": (UTC, "When it was tried last, in UTC."),
            "until": (UTC, "When it may be tried again, in UTC."),
        },
        "One row a video that an asset's partition could not fetch: a keyed hash of what was asked for, the class of "
        "the failure, how often it was tried in a row, and when it may be tried again.",
        packed=True,
    ),
    table(
        "video_names",
        "video_names",
        "scope",
        {**SCOPE, **VIDEO_KEY, "name_key": (pl.String, "A keyed hash of one more name of the video.")},
        "Further names of videos: a keyed hash of what a site's address calls it, or of what it was called before.",
        packed=True,
    ),
    table(
        "lineage_edges",
        "lineage_edges",
        "scope",
        {
            **SCOPE,
            "asset": (pl.String, "The asset that was made."),
            "partition": (pl.String, "The partition of it that was made."),
            "version": (pl.String, "The version that came out."),
            "input_asset": (pl.String, "The asset, or kind of source, that was read."),
            "input_partition": (pl.String, "That asset's partition."),
            "input_version": (pl.String, "The version of it that was read."),
            "video_key": (pl.String, "The video that the rows are of; its block key once it is erased; null: of none."),
            "rows": (pl.Int64, "How many rows of the input were read."),
        },
        "Which rows of which input, of which video, went into which artifact.",
        packed=True,
    ),
    table(
        "materialisations",
        "materialisations",
        "scope",
        {
            **SCOPE,
            "asset": (pl.String, "The asset that was made."),
            "partition": (pl.String, "The partition of it that was made; `-` for an asset without partitions."),
            "root": (pl.String, "A hash over exactly what was read; the artifact is fresh while it stays the same."),
            "components": (pl.String, "What the root is a hash of, as JSON: input versions, recipe, code version."),
            "version": (pl.String, "What readers see: the root for tables, the content hash for checkpoints."),
            "withheld": (pl.List(pl.String), "The block keys of videos that were left out, under a takedown request."),
            "rows": (pl.Int64, "How many rows came out."),
            "made": (pl.Int64, "How many of them were made anew, and not taken over."),
            "seconds": (pl.Float64, "How long making those took, in seconds."),
            "at": (UTC, "When it was made, in UTC."),
        },
        "The root (what was read) and the version (what came out) of every artifact; staleness is decided from it. "
        "And how many rows were made anew in how many seconds, which the nightly plan goes by.",
        packed=True,
    ),
    table(
        "checkpoints",
        "checkpoints",
        "checkpoint",
        {
            "checkpoint": (pl.String, "The content hash that names its folder: the partition."),
            "asset": (pl.String, "The asset that it is a version of."),
            "partition": (pl.String, "That asset's partition: the recipe or mixture."),
            "state": (pl.String, "`candidate`, `promoted`, `tainted` or `retired`; a tainted one is never loaded."),
            "why": (pl.String, "Why it is in this state."),
            "metrics": (pl.String, "The figures that its promotion was decided by, as JSON."),
            "at": (UTC, "When it came into this state, in UTC."),
        },
        "One row a checkpoint: candidate, promoted, tainted or retired, and why.",
    ),
)
