"""The tables that are read from NitroGen's shards."""

import polars as pl

from nitro_assets.lake.schemas.table import VIDEO_KEY, Columns, table
from nitro_ml.core.actions import BUTTONS, STICKS

_SHARD: Columns = {"nitrogen_shard": (pl.String, "The NitroGen shard, such as `SHARD_0000`. It is the partition.")}
_CHUNK: Columns = {"chunk": (pl.Int32, "The chunk's number within its video, counted from 0 by NitroGen.")}
_OVERLAY: Columns = {
    f"overlay_{c}": (
        pl.Int32,
        f"The {what} of the drawn controller's box, in pixels of a picture of `width` x `height`.",
    )
    for c, what in (("x", "left edge"), ("y", "upper edge"), ("w", "width"), ("h", "height"))
}
_AREA: Columns = {
    f"area_{c}": (pl.Float64, f"The {what} of the game's part of the frame, as a share in [0, 1]; null if unknown.")
    for c, what in (("x", "left edge"), ("y", "upper edge"), ("w", "width"), ("h", "height"))
}
_STICK = {"x": "left (-1) to right (1)", "y": "up (-1) to down (1)"}
_ACTIONS: Columns = {
    **{name: (pl.Boolean, f"Whether the button {name} is pressed while the frame is shown.") for name in BUTTONS},
    **{
        name: (
            pl.Float32,
            f"The axis {name[-1]} of the {name.split('_')[1]} stick while the frame is shown, from {_STICK[name[-1]]}.",
        )
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
            "address": (pl.String, "The video's address. A takedown erases it."),
            "source": (pl.String, "The site, as NitroGen names it: `youtube`, `twitch` and so on."),
            "video_id": (
                pl.String,
                "The video's id on its site, which names its file in `footage/`; null in older lakes.",
            ),
        },
        "One row for each labelled video of NitroGen, with its address. The table is part of the index.",
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
            "controller": (pl.String, "The kind of controller that is drawn on the video, as NitroGen names it."),
            "frames": (pl.Int32, "The number of labelled frames in the chunk."),
            "start_time": (pl.Float64, "When the first labelled frame is shown, in seconds of the video."),
            "end_time": (pl.Float64, "When the chunk ends, in seconds of the video."),
            "width": (pl.Int32, "The width, in pixels, of the picture in which the overlay's box is given."),
            "height": (pl.Int32, "The height, in pixels, of the picture in which the overlay's box is given."),
            **_OVERLAY,
            **_AREA,
            "variant": (pl.String, "Which of NitroGen's two label files was read: `raw` or `processed`."),
            "density": (pl.Float32, "The share of frames with any input, in [0, 1]."),
            "return_per_minute": (pl.Float64, "The points scored a minute; null where the labels do not give rewards."),
        },
        "One row for each chunk of a labelled video: its times, the overlay's box, the game's part of the frame, which "
        "labels were read, the share of frames with an input, and the points scored a minute.",
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
        "One row for each labelled frame: its time in the video, the 17 buttons and the 4 stick axes.",
    ),
)
