"""The world model: the next frame from the last frames and the action.

What: a dynamics model, judged on held-out videos by PSNR with the true, a random and no action; a rollout as a GIF.
Source: a `training_mixture`. Partitions: one a world recipe. Terms: non-commercial research.
"""

from nitro_assets.assets.declare import Asset, Reads

ASSET = Asset(
    __doc__,
    "world_model_checkpoint",
    "world_recipe",
    code="4",
    reads=(Reads("training_mixture", "named"),),
    recipes=("world",),
    group="world",
    kinds={"pytorch", "lightning"},
    checks={"action_helps": "The true action predicts the next frame better than a random one."},
    is_checkpoint=True,
)
