"""The vision-action policy sees a few frames and predicts a chunk of gamepad actions.

A vision encoder (SigLIP 2, or convolutions in small recipes) and a diffusion transformer are trained by flow matching
(with Lightning and EMA) to predict action chunks, after NitroGen (arXiv 2601.02427). The training data are the chunks
of `training_mixture`.

Terms: non-commercial research.
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
    checks={"learned": "On held-out videos its buttons rank presses better than chance, averaged over the games."},
    is_checkpoint=True,
)
