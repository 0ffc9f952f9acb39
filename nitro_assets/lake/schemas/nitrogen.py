"""The tables that are read from NitroGen's shards."""

import polars as pl

from nitro_assets.lake.schemas.table import VIDEO_KEY, Columns, table
from nitro_ml.core.actions import BUTTONS, STICKS

_SHARD: Columns = {"nitrogen_shard": (pl.String, "NitroGen's shard, `SHARD_0000` and so on: the partition.")}
_CHUNK: Columns = {"chunk": (pl.Int32, "The chunk's number within its video, from 0, as NitroGen counts.")}
_OVERLAY: Columns = {
    f"overlay_{c}": (pl.Int32, f"The drawn controller's box, in pixels of `width` x `height`: its {what}.")
    for c, what in (("x", "left edge"), ("y", "upper edge"), ("w", "width"), ("h", "height"))
}
_AREA: Columns = {
    f"area_{c}": (pl.Float64, f"The game's part of the frame, as a share in [0, 1]: its {what}; null: unknown.")
    for c, what in (("x", "left edge"), ("y", "upper edge"), ("w", "width"), ("h", "height"))
}
_STICK = {"x": "left (-1) to right (1)", "y": "up (-1) to down (1)"}
_ACTIONS: Columns = {
    **{name: (pl.Boolean, f"Whether the button {name} is pressed while the frame is shown.") for name in BUTTONS},
    **{
        name: (pl.Float32, f"The {name.split('_')[1]} stick while the frame is shown, from {_STICK[name[-1]]}.")
        for name in STICKS
    },
}

TABLES = (
    table(
        "nitrogen_videos",
        "nitrogen_actions",
        "nitrogen_shard",
        {
            **_SHARD,
            **VIDEO_KEY,
            "address": (pl.String, "Where the video is; erased by a takedown."),
            "source": (pl.String, "The site in NitroGen's word: youtube, twitch, ..."),
            "video_id": (pl.String, "The site's id, by which a file of `footage/` is named; null in older lakes."),
        },
        "Where NitroGen's labelled videos are. Part of the index.",
        later=("video_id",),
    ),
    table(
        "nitrogen_chunks",
        "nitrogen_actions",
        "nitrogen_shard",
        {
            **_SHARD,
            **VIDEO_KEY,
            **_CHUNK,
            "game": (pl.String, "The game that is played."),
            "controller": (pl.String, "The kind of controller that is drawn on the video, in NitroGen's word."),
            "frames": (pl.Int32, "How many labelled frames the chunk has."),
            "start_time": (pl.Float64, "When the first labelled frame is shown, in seconds of the video."),
            "end_time": (pl.Float64, "When the chunk ends, in seconds of the video."),
            "width": (pl.Int32, "Width of the picture in pixels, in which the overlay's box is given."),
            "height": (pl.Int32, "Height of the picture in pixels, in which the overlay's box is given."),
            **_OVERLAY,
            **_AREA,
            "variant": (pl.String, "Which of NitroGen's two label files was read: `raw` or `processed`."),
            "density": (pl.Float32, "The share of frames with any input, in [0, 1]."),
            "return_per_minute": (pl.Float64, "Points scored a minute; null where the labels do not say it."),
        },
        "One row a chunk: times in the video, overlay box in pixels, game area relative, raw or processed labels, "
        "share of frames with an input, points scored a minute.",
        later=("return_per_minute",),
    ),
    table(
        "nitrogen_frames",
        "nitrogen_actions",
        "nitrogen_shard",
        {
            **_SHARD,
            **VIDEO_KEY,
            **_CHUNK,
            "frame": (pl.Int32, "The frame's number within its chunk, from 0."),
            "time": (pl.Float64, "When the frame is shown, in seconds of the video."),
            **_ACTIONS,
        },
        "One row a labelled frame: time in the video (s), 17 buttons, 4 stick axes.",
    ),
)
