"""Ground truth: NitroGen's labelled chunks, read from its own layout.

What: 20 s chunks of gameplay video with the true gamepad inputs of every frame (17 buttons, two sticks).
Source: `NITRO_NITROGEN`, folders or `.tar.gz` shards, local or on the hub. Labels only, no video.
Partitions: one a NitroGen shard. Tables: `nitrogen_frames` (a row a frame), `nitrogen_chunks`, `nitrogen_videos`.
Terms: CC-BY-NC-4.0, non-commercial research.
"""

from typing import Any

from nitro_assets.assets.declare import Asset, Sources
from nitro_ml import nitrogen


def _shard(state: Sources, partition: str) -> dict[str, Any]:
    """The shard's files and what is read of them."""
    shard = nitrogen.pick(state.nitrogen, partition)
    return {"shard files": nitrogen.fingerprint(shard), "least density": str(state.settings.minimum_density)}


ASSET = Asset(
    __doc__,
    "nitrogen_actions",
    "nitrogen_shard",
    code="1",
    group="corpus",
    kinds={"polars", "deltalake"},
    checks={
        "has_frames": "The shard holds labelled frames.",
        "most_chunks_are_sound": "Under half of the shard's chunks were rejected.",
    },
    source=_shard,
)
