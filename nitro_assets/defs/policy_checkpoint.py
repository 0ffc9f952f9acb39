"""The vision-action policy: a few frames in, a chunk of gamepad actions out.

What: a vision encoder (SigLIP 2, or convolutions in small recipes) and a diffusion transformer, by flow matching
(Lightning, EMA) to predict action chunks, after NitroGen (arXiv 2601.02427).
Source: `training_mixture`. Partitions: one a mixture. Terms: non-commercial research.
"""

from nitro_assets.defs.worker_asset import worker_asset

policy_checkpoint = worker_asset(
    __doc__,
    "policy_checkpoint",
    kinds={"pytorch", "lightning", "transformers"},
    group="models",
    checks={"learned": "On held-out videos its buttons rank presses better than chance, mean of the games."},
)
