"""Ground truth: NitroGen's labelled chunks, read from its own layout.

What: 20 s chunks of gameplay video with the true gamepad inputs of every frame (17 buttons, two sticks).
Source: `NITRO_NITROGEN`, folders or `.tar.gz` shards, local or on the hub. Labels only, no video.
Partitions: one a NitroGen shard. Tables: `nitrogen_frames` (a row a frame), `nitrogen_chunks`, `nitrogen_videos`.
Terms: CC-BY-NC-4.0, non-commercial research.
"""

from nitro_assets.defs.worker_asset import worker_asset

nitrogen_actions = worker_asset(
    __doc__,
    "nitrogen_actions",
    kinds={"polars", "deltalake"},
    group="corpus",
    checks={
        "has_frames": "The shard holds labelled frames.",
        "most_chunks_are_sound": "Under half of the shard's chunks were rejected.",
    },
)
