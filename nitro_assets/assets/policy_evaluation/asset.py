"""The policy at play: closed-loop episodes in the arcade's open games.

What: one row an episode by the policy, the random wanderer and, where there is one, the scripted expert; mean scores
with 95% bootstrap intervals.
Source: `policy_checkpoint`. Partitions: one a mixture.
"""

from nitro_assets.assets.declare import Asset, Reads

ASSET = Asset(
    __doc__,
    "policy_evaluation",
    "mixture",
    code="1",
    reads=(Reads("policy_checkpoint"),),
    group="models",
    kinds={"pytorch", "deltalake"},
    checks={"every_game_was_played": "Each open game of the mixture has the policy's and the wanderer's episodes."},
)
