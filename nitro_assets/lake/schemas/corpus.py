"""The tables of the videos that the sources list: the index, the labels, and the segments."""

import polars as pl

from nitro_assets.lake.schemas.table import UTC, VIDEO_KEY, Columns, table
from nitro_ml.core.actions import BUTTONS, STICKS

_SHARD: Columns = {"corpus_shard": (pl.String, "The hash bucket of the video key. It is the partition.")}
_FRAME: Columns = {"frame": (pl.Int32, "The frame's number within its video, from 0.")}
_PICTURE: Columns = {
    "picture": (
        pl.String,
        "How the picture is changed to be seen as its container says: turned, mapped from HDR to SDR, chosen from "
        "several streams, joined at seams. Empty: it is shown as stored. Null: unknown until the file is read.",
    ),
}
_STICK = {"x": "left (-127) to right (127)", "y": "up (-127) to down (127)"}
_LABELS: Columns = {
    **{
        name: (pl.Int16, f"The probability that the button {name} is pressed, in units of 1/255, whole steps of 1/85.")
        for name in BUTTONS
    },
    **{
        name: (
            pl.Int16,
            f"The axis {name[-1]} of the {name.split('_')[1]} stick in steps of 1/127, from {_STICK[name[-1]]}.",
        )
        for name in STICKS
    },
    "confidence": (
        pl.Int16,
        "The probability that all 17 buttons are right within one frame of time (1/30 s), in units of "
        "1/255, whole steps of 1/85.",
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
            "channel_key": (pl.String, "The channel, as a keyed hash of its canonical name; null if unknown."),
            "address": (pl.String, "The video's address. A takedown erases it."),
            "title": (pl.String, "The title, as its page gives it. A takedown erases it."),
            "uploader": (pl.String, "The name of the uploader, as its page gives it."),
            "licence": (pl.String, "The licence, from the sources or from its page; null if none is stated."),
            "game": (pl.String, "The game, from the sources or from its page; null if unknown."),
            "published": (pl.String, "The day of publication, as YYYY-MM-DD; null if unknown."),
            "duration": (pl.Float64, "The length in seconds; null if unknown until the video is fetched."),
            "width": (pl.Int32, "The width of the picture in pixels; null if unknown until the video is fetched."),
            "height": (pl.Int32, "The height of the picture in pixels; null if unknown until the video is fetched."),
            "fps": (pl.Float64, "The frame rate, in frames a second, that its page states; null if unknown."),
            **_PICTURE,
            "keep": (pl.Boolean, "Whether the video is kept, and therefore labelled."),
            "reason": (pl.String, "The reason why it is kept or rejected."),
            "alive": (
                pl.String,
                "Whether the video is still there: `alive`, `gone once`, `gone`, `private` and so on.",
            ),
            "checked_at": (UTC, "When its page was last checked, in UTC."),
        },
        "One row for each video that was found through the sources: its metadata, whether it is kept and why, and "
        "whether it is still there. The table is part of the index.",
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
                "The game whose calibration was used, or `pooled` for that of all games.",
            ),
            "checkpoint": (pl.String, "The content hash of the IDM that made the label."),
            **_PICTURE,
        },
        "One row for each frame: its labels in steps of 1/255 and 1/127 (see lake/quantize.py), the checkpoint and the "
        "calibration that made them, and how the picture was changed.",
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
            "moved": (pl.Int16, "The 16 cells of the picture in which something moved, a bit for each."),
            "look": (
                pl.Binary,
                "51 numbers about the picture, such as motion, noise and colour, a byte for each in steps of 1/63 (see "
                "nitro_ml/segments/features.py), for one frame in each fifth of a second; null for the others.",
            ),
        },
        "One row for each frame: the features of the picture by which segments are found.",
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
            "first_frame": (pl.Int32, "The number of the segment's first frame."),
            "end_frame": (pl.Int32, "The number of the frame after its last one."),
            "start": (pl.Float64, "When the segment begins, in seconds of the video."),
            "end": (pl.Float64, "When the segment ends, in seconds of the video."),
            "keep": (pl.Boolean, "Whether the segment may be trained on."),
            "reason": (pl.String, "The segment's kind: `play`, `idle`, `menu`, `loading`, `low_confidence` and so on."),
            "confidence": (pl.Float32, "The mean confidence of the segment's labels, in [0, 1]."),
            "game": (pl.String, "The game, as the index gives it; null if unknown."),
        },
        "One row for each segment: its frames from `first_frame` to `end_frame` (exclusive), its times, whether it is "
        "kept, and why.",
    ),
)
