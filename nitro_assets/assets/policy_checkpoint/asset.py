"""The vision-action policy: a few frames in, a chunk of gamepad actions out.

What: a vision encoder (SigLIP 2, or convolutions in small recipes) and a diffusion transformer, by flow matching
(Lightning, EMA) to predict action chunks, after NitroGen (arXiv 2601.02427).
Source: `training_mixture`. Partitions: one a mixture. Terms: non-commercial research.
"""

from nitro_assets.assets.declare import Asset, Reads

ASSET = Asset(
    __doc__,
    "policy_checkpoint",
    "mixture",
    code="5",
    reads=(Reads("training_mixture"),),
    recipes=("mixture", "policy"),
    group="models",
    kinds={"pytorch", "lightning", "transformers"},
    checks={"learned": "On held-out videos its buttons rank presses better than chance, mean of the games."},
    is_checkpoint=True,
)
