"""The training mixture: which chunks a policy is trained on, how often each is drawn, and what is held out.

What: one row a chunk of at most 20 s, from ground truth and (in some recipes) kept pseudo-labelled segments, with its
weight; split by video, never by frame.
Source: `nitrogen_actions`, `label_segments`. Partitions: one a recipe (`ground_truth_only`, `ground_truth_and_pseudo`).
"""

from nitro_assets.assets.declare import Asset, Reads

ASSET = Asset(
    __doc__,
    "training_mixture",
    "mixture",
    code="2",
    reads=(Reads("nitrogen_actions", "all"), Reads("label_segments", "all", when="pseudo")),
    recipes=("mixture",),
    group="labels",
    kinds={"polars", "deltalake"},
    checks={
        "no_video_on_both_sides": "No video is in the training and in the held-out split.",
        "has_training_chunks": "There is something to train on.",
    },
)
