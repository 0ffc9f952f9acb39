"""The world model predicts the next frame from the last frames and the action.

The model is trained on the `training_mixture` that its world recipe names. It is evaluated on held-out videos by PSNR
with the true action, a random action and no action, and the asset's page shows a rollout as a GIF.

Terms: non-commercial research.
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
