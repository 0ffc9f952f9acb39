"""Pseudo-labels are the promoted IDM's soft labels for every frame of every kept video.

The table has one row for each frame, with 17 probabilities, two sticks, a confidence, the time and the checkpoint. The
table `video_features` has the features of the picture by which segments are found. Each video is downloaded, decoded,
labelled and deleted. A video that the same checkpoint has already labelled is not labelled again. Every night the
schedule labels what a new video or a newly promoted IDM has made stale.

Terms: non-commercial research.
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
        "every_video_is_labelled_or_rejected": "Every kept video is labelled, or rejected with a reason.",
        "values_in_range": "Probabilities, sticks and times are finite and in range.",
    },
    source=lambda state, _: state.limits,
)
