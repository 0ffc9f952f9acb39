"""The training mixture says which chunks a policy is trained on, how often each is drawn, and which are held out.

The table has one row, with its sampling weight, for each chunk of at most 20 s. Chunks come from the ground truth and,
in some recipes, from kept pseudo-labelled segments. The split is by video, never by frame. Each partition is one
recipe, such as `ground_truth_only` or `ground_truth_and_pseudo`.
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
        "no_video_on_both_sides": "No video is in both the training and the held-out split.",
        "has_training_chunks": "The mixture has at least one chunk to train on.",
    },
)
