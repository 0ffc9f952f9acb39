"""Latent actions are discrete codes for what happened between two frames, where the buttons are unknown.

An encoder maps two frames to one of a few codes, and a decoder predicts the second frame from the first frame and the
code (Genie, arXiv 2402.15391; LAPA, arXiv 2410.11758). The model is trained on the frames of the `training_mixture`
that its world recipe names, and evaluated by delta-PSNR and code usage on held-out videos.
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
