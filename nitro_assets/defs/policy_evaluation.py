"""The policy at play: closed-loop episodes in the arcade's open games.

What: one row an episode by the policy, the random wanderer and, where there is one, the scripted expert; mean scores
with 95% bootstrap intervals.
Source: `policy_checkpoint`. Partitions: one a mixture.
"""

from nitro_assets.defs.worker_asset import worker_asset

policy_evaluation = worker_asset(
    __doc__,
    "policy_evaluation",
    kinds={"pytorch", "deltalake"},
    group="models",
    checks={"every_game_was_played": "Each open game of the mixture has the policy's and the wanderer's episodes."},
)
