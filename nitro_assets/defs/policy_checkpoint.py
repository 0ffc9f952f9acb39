"""The vision-action policy: a frame in, a chunk of gamepad actions out.

What: a SigLIP 2 vision encoder and a diffusion transformer trained with flow matching (Lightning, EMA) to predict
action chunks, after NitroGen (arXiv 2601.02427).
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
