"""The policy's scores in whole episodes of open games, played in closed loop.

The table has one row for each episode of the policy, of the random player (wanderer) and, where there is one, of the
scripted expert. The metadata show mean scores with 95% bootstrap intervals.
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
    checks={"every_game_was_played": "Each open game of the mixture was played by the policy and by the wanderer."},
)
