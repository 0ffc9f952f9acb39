"""Pseudo-labels: the promoted IDM's soft labels for every frame of every kept video.

What: one row a frame: 17 probabilities, two sticks, confidence, time, checkpoint; and the cheap picture features that
segments are judged by. Each video is downloaded, decoded, labelled and deleted; one already labelled by the same
checkpoint is not labelled again.
Source: `video_index`, the promoted `idm_checkpoint`. Partitions: hash buckets of the video key.
Cadence: every night, what a new video or a newly promoted IDM has made stale. Terms: non-commercial research.
"""

from nitro_assets.assets.declare import Asset, Reads

ASSET = Asset(
    __doc__,
    "pseudo_labels",
    "corpus_shard",
    code="3",
    reads=(Reads("video_index"), Reads("idm_checkpoint", "promoted")),
    group="labels",
    kinds={"pytorch", "deltalake"},
    checks={
        "every_video_is_labelled_or_rejected": "No kept video is silently missing.",
        "values_in_range": "Probabilities, sticks and times are finite and in range.",
    },
    source=lambda state, _: state.limits,
)
