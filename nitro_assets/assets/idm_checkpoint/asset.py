"""The inverse dynamics model: frames in, the inputs held between them out.

What: a checkpoint folder (weights, card), trained with Lightning on NitroGen's frames with the controller overlay
masked, calibrated and given its thresholds on held-out videos, tested on others. Recipes: `pair` (two consecutive
frames) and `window` (frames on both sides). Promoted if no taken-down video is among its inputs, if it beats all
baselines, and if it is better than the promoted one on the frozen held-out videos: on average with confidence (paired
bootstrap), and in no game worse by more than a tolerance. Its card (data, metrics, calibration, confidence, limits)
lies beside it, as `card.md`.
Source: `nitrogen_actions`, and the labelled videos, fetched, decoded and deleted. Partitions: one a recipe.
Terms: non-commercial research.
"""

from nitro_assets.assets.declare import Asset, Reads

ASSET = Asset(
    __doc__,
    "idm_checkpoint",
    "idm_recipe",
    code="4",
    reads=(Reads("nitrogen_actions", "all"),),
    recipes=("idm",),
    group="models",
    kinds={"pytorch", "lightning"},
    checks={
        "beats_baselines": "Event F1 and macro average precision over all three baselines, mean of the games.",
        "promoted": "It is the one that labels: clean, better than the baselines and than the one before.",
        "calibrated": "The expected calibration error on the test videos is at most 0.1 in every game.",
        "confidence_is_honest": "Mean confidence and the share of right frames are at most 0.1 apart in every game.",
    },
    is_checkpoint=True,
)
