"""Latent actions: a discrete code for what happened between two frames, where the buttons are unknown.

What: an encoder of two frames to one of a few codes and a decoder that predicts the second frame from the first and the
code (Genie, arXiv 2402.15391; LAPA, arXiv 2410.11758), judged by delta-PSNR and code usage on held-out videos.
Source: the frames of a `training_mixture`. Partitions: one a world recipe.
"""

from nitro_assets.assets.declare import Asset, Reads

ASSET = Asset(
    __doc__,
    "latent_actions",
    "world_recipe",
    code="4",
    reads=(Reads("training_mixture", "named"),),
    recipes=("world",),
    group="world",
    kinds={"pytorch", "lightning"},
    checks={"code_carries_information": "The inferred code predicts the next frame better than a random one."},
    is_checkpoint=True,
)
