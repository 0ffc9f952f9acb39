"""The world model: the next frame from the last frames and the action.

What: a dynamics model, judged on held-out videos by PSNR with the true, a random and no action; a rollout as a GIF.
Source: a `training_mixture`. Partitions: one a world recipe. Terms: non-commercial research.
"""

from nitro_assets.defs.worker_asset import worker_asset

world_model_checkpoint = worker_asset(
    __doc__,
    "world_model_checkpoint",
    kinds={"pytorch", "lightning"},
    group="world",
    checks={"action_helps": "The true action predicts the next frame better than a random one."},
)
