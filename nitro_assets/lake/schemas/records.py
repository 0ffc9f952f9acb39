"""The tables about the pipeline itself: refusals, failed downloads, names, lineage, materialisations, checkpoints."""

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
            "item": (pl.String, "The file, the chunk or the entry of the sources that was refused or repaired."),
            "message": (pl.String, "The message: what was found, what is allowed, and what to do."),
            "at": (UTC, "When it was refused, in UTC."),
        },
        "One row for each item that an asset's partition refused or repaired, with the reason.",
        packed=True,
    ),
    table(
        "failed_downloads",
        "failed_downloads",
        "scope",
        {
            **SCOPE,
            **VIDEO_KEY,
            "asked": (
                pl.String,
                "A keyed hash of address, format and limits; a request that differs in any of them is tried at once.",
            ),
            "reason": (pl.String, "The class of the failure: `gone`, `network`, `busy`, `too big`, ..."),
            "attempts": (pl.Int32, "The number of failures in a row, at least 1."),
            "at": (UTC, "When the download was last tried, in UTC."),
            "until": (UTC, "When the download may be tried again, in UTC."),
        },
        "One row for each video that an asset's partition could not fetch: the class of the failure, the number of "
        "failures in a row, and when the download may be tried again.",
        packed=True,
    ),
    table(
        "video_names",
        "video_names",
        "scope",
        {**SCOPE, **VIDEO_KEY, "name_key": (pl.String, "A keyed hash of a further name of the video.")},
        "One row for each further name of a video, such as another id in its address, or a former name.",
        packed=True,
    ),
    table(
        "lineage_edges",
        "lineage_edges",
        "scope",
        {
            **SCOPE,
            "asset": (pl.String, "The asset that was made."),
            "partition": (pl.String, "The partition of the asset that was made."),
            "version": (pl.String, "The version that was made."),
            "input_asset": (pl.String, "The asset, or the kind of source, that was read."),
            "input_partition": (pl.String, "The partition of the input that was read."),
            "input_version": (pl.String, "The version of the input that was read."),
            "video_key": (
                pl.String,
                "The video of the rows, or its block key once it is erased; null for rows of no single video.",
            ),
            "rows": (pl.Int64, "The number of rows of the input that were read."),
        },
        "One row for each input and video that went into an artifact, with the number of rows.",
        packed=True,
    ),
    table(
        "materialisations",
        "materialisations",
        "scope",
        {
            **SCOPE,
            "asset": (pl.String, "The asset that was made."),
            "partition": (pl.String, "The partition of the asset that was made; `-` for an asset without partitions."),
            "root": (
                pl.String,
                "The fingerprint, a hash over exactly what was read; the artifact is fresh while it stays the same.",
            ),
            "components": (
                pl.String,
                "The inputs of the fingerprint, as JSON: input versions, recipe and code version.",
            ),
            "version": (
                pl.String,
                "The version that readers see: the fingerprint for tables, the content hash for checkpoints.",
            ),
            "withheld": (
                pl.List(pl.String),
                "The block keys of the videos that were left out because of a takedown request.",
            ),
            "rows": (pl.Int64, "The number of rows that were made."),
            "made": (pl.Int64, "The number of rows that were made anew and not taken over from the version before."),
            "seconds": (pl.Float64, "How long it took to make these rows, in seconds."),
            "at": (UTC, "When the artifact was made, in UTC."),
        },
        "One row for each artifact: the fingerprint of what was read, from which staleness is decided, the version "
        "that was made, and the time it took, from which the nightly schedule is planned.",
        packed=True,
    ),
    table(
        "checkpoints",
        "checkpoints",
        "checkpoint",
        {
            "checkpoint": (pl.String, "The content hash that names the checkpoint's folder. It is the partition."),
            "asset": (pl.String, "The asset that the checkpoint is a version of."),
            "partition": (pl.String, "The partition of that asset: the recipe or mixture."),
            "state": (pl.String, "`candidate`, `promoted`, `tainted` or `retired`; a tainted one is never loaded."),
            "why": (pl.String, "The reason for the state."),
            "metrics": (pl.String, "The figures by which its promotion was decided, as JSON."),
            "at": (UTC, "When the checkpoint came into this state, in UTC."),
        },
        "One row for each checkpoint, with its state and the reason for it.",
    ),
)
