"""The inverse dynamics model (IDM) infers from frames which inputs were held between them.

Each partition is one recipe, such as `pair` (two consecutive frames) or `window` (frames on both sides). The worker
fetches the labelled videos of `nitrogen_actions`, decodes them, deletes the files, and masks the controller overlay. It
trains with Lightning, calibrates the model and fits its thresholds on held-out videos, and tests it on others. The
result is a checkpoint folder with weights and card. `card.md` in it describes data, metrics, calibration, confidence
and limits.

A model is promoted if no taken-down video is among its inputs, if it beats all baselines, and if it is better than the
promoted model on the frozen held-out videos: on average with confidence (paired bootstrap), and in no game worse by
more than a tolerance.

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
        "beats_baselines": "Mean event F1 and macro average precision over the games exceed those of all baselines.",
        "promoted": "The model is clean, beats the baselines and the model before, and now labels videos.",
        "calibrated": "The expected calibration error on the test videos is at most 0.1 in every game.",
        "confidence_is_honest": "Mean confidence and the share of right frames are at most 0.1 apart in every game.",
    },
    is_checkpoint=True,
)
