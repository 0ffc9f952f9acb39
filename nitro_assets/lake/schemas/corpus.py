"""The tables of the videos that the sources list: the index, the labels, and what of them is worth training on."""

import polars as pl

from nitro_assets.lake.schemas.table import UTC, VIDEO_KEY, Columns, table
from nitro_ml.core.actions import BUTTONS, STICKS

_SHARD: Columns = {"corpus_shard": (pl.String, "The hash bucket of the video key: the partition.")}
_FRAME: Columns = {"frame": (pl.Int32, "The frame's number within its video, from 0.")}
_PICTURE: Columns = {
    "picture": (
        pl.String,
        "What is done so that the picture is seen as its container says: turned, HDR mapped to SDR, which stream, "
        "seams; empty: shown as stored; null: only the file will tell.",
    ),
}
_STICK = {"x": "left (-127) to right (127)", "y": "up (-127) to down (127)"}
_LABELS: Columns = {
    **{
        name: (pl.Int16, f"The probability that the button {name} is pressed, in units of 1/255, whole steps of 1/85.")
        for name in BUTTONS
    },
    **{
        name: (pl.Int16, f"The {name.split('_')[1]} stick in steps of 1/127, from {_STICK[name[-1]]}.")
        for name in STICKS
    },
    "confidence": (
        pl.Int16,
        "The probability that all 17 buttons are right within one frame of time (1/30 s), in steps of 1/255.",
    ),
}

TABLES = (
    table(
        "video_index",
        "video_index",
        "corpus_shard",
        {
            **_SHARD,
            **VIDEO_KEY,
            "channel_key": (pl.String, "The channel: a keyed hash of its canonical name; null: unknown."),
            "address": (pl.String, "Where the video is; erased by a takedown."),
            "title": (pl.String, "Its title, as its page says."),
            "uploader": (pl.String, "Who uploaded it, as its page says."),
            "licence": (pl.String, "Its licence, from the sources or from its page; null: none is stated."),
            "game": (pl.String, "The game, from the sources or from its page; null: unknown."),
            "published": (pl.String, "The day it was published, as YYYY-MM-DD; null: unknown."),
            "duration": (pl.Float64, "Its length in seconds; null: unknown until it is fetched."),
            "width": (pl.Int32, "Width of its picture in pixels; null: unknown until it is fetched."),
            "height": (pl.Int32, "Height of its picture in pixels; null: unknown until it is fetched."),
            "fps": (pl.Float64, "Frames a second that its page states; null: unknown."),
            **_PICTURE,
            "keep": (pl.Boolean, "Whether it is labelled."),
            "reason": (pl.String, "Why it is kept or not."),
            "alive": (pl.String, "What became of it: `alive`, `gone once`, `gone`, `private`, ..."),
            "checked_at": (UTC, "When its page was last looked at, in UTC."),
        },
        "One row a video found through the sources: metadata, what is done so that its picture is seen as meant "
        "(turned, HDR mapped to SDR, ...; null where only the file will tell), verdict with its reason, liveness.",
        later=("picture",),
    ),
    table(
        "pseudo_labels",
        "pseudo_labels",
        "corpus_shard",
        {
            **_SHARD,
            **VIDEO_KEY,
            **_FRAME,
            "time": (pl.Int32, "When the frame is shown in the video, in steps of 0.1 ms."),
            **_LABELS,
            "calibration": (
                pl.String,
                "Whose calibration was used: a game's name, or `pooled` for all of them.",
            ),
            "checkpoint": (pl.String, "The IDM that made the label, by its content hash."),
            **_PICTURE,
        },
        "One row a frame: soft labels in 1/255 and 1/127 steps (see lake/quantize.py), the checkpoint that made them, "
        "which of its calibrations: a game's, or `pooled`, and what was done so that the picture was seen as meant.",
        later=("picture",),
    ),
    table(
        "video_features",
        "pseudo_labels",
        "corpus_shard",
        {
            **_SHARD,
            **VIDEO_KEY,
            **_FRAME,
            "features": (
                pl.List(pl.Float32),
                "51 numbers about the picture, as they were stored of every frame until November 2026; null since.",
            ),
            "motion": (pl.Int16, "The root of the mean change of luma since the frame before, in steps of 1/63."),
            "moved": (pl.Int16, "The 16 cells of the picture in which something moved, a bit each."),
            "look": (
                pl.Binary,
                "51 numbers about the picture, a byte each in steps of 1/63: motion, camera, noise, colour, bars, "
                "edges (segments/features.py); null where the frame was not looked at, which is done five times a second.",
            ),
        },
        "One row a frame: the cheap picture features that segments are judged by (nitro_ml/segments/features.py).",
        later=("features", "motion", "moved", "look"),
    ),
    table(
        "label_segments",
        "label_segments",
        "corpus_shard",
        {
            **_SHARD,
            **VIDEO_KEY,
            "segment": (pl.Int32, "The segment's number within its video, from 0."),
            "first_frame": (pl.Int32, "The number of its first frame."),
            "end_frame": (pl.Int32, "The number of the frame after its last one."),
            "start": (pl.Float64, "When it begins, in seconds of the video."),
            "end": (pl.Float64, "When it ends, in seconds of the video."),
            "keep": (pl.Boolean, "Whether it may be trained on."),
            "reason": (pl.String, "Its kind: `play`, `idle`, `menu`, `loading`, `low_confidence`, ..."),
            "confidence": (pl.Float32, "The mean confidence of its labels, in [0, 1]."),
            "game": (pl.String, "The game, as the index says; null: unknown."),
        },
        "One row a segment: frames [first_frame, end_frame), seconds, keep or drop, and why.",
    ),
)
