"""The ground truth: NitroGen's labelled chunks, read from its own layout.

A chunk is 20 s of gameplay video with the true gamepad inputs of every frame (17 buttons, two sticks). The worker reads
them from the folders or `.tar.gz` shards of `NITRO_NITROGEN`, which may be local or on the hub. It reads labels only
and fetches no video. The tables are `nitrogen_frames` (one row a frame), `nitrogen_chunks` and `nitrogen_videos`.

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
        "most_chunks_are_sound": "Fewer than half of the shard's chunks were rejected.",
    },
    source=_shard,
)
