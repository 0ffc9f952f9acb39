"""Scripted experts: they read the game's memory, and hold their buttons as people do.

No expert changes what it holds more often than every tenth of a second, and each starts a movement at a larger error
than it ends it at, so that its labels are presses and releases and not a jitter at the frame rate.
"""

from collections.abc import Callable

from nitro_ml.games.pad import Player
from nitro_ml.games.players.experts.doom import Gatherer, Marksman
from nitro_ml.games.players.experts.invaders import InvadersExpert
from nitro_ml.games.players.experts.paddles import BreakoutExpert, FreewayExpert, PongExpert

EXPERTS: dict[str, Callable[..., Player]] = {
    "pong": PongExpert,
    "breakout": BreakoutExpert,
    "freeway": FreewayExpert,
    "space_invaders": InvadersExpert,
    "basic": Marksman,
    "deadly_corridor": Marksman,
    "defend_the_center": Marksman,
    "health_gathering": Gatherer,
}
"""By the name of the game. None where a short script plays no better than the wanderer: mazes, boxing, the sea."""
