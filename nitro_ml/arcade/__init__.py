"""The arcade: open games whose true inputs we know, behind one virtual gamepad; who plays them; and the recorder."""

from nitro_ml.arcade.games import GAMES, Game, GameError, GameSpec, Step, make
from nitro_ml.arcade.library import add_visible, record_to, save_truth
from nitro_ml.arcade.pad import Pad, Player
from nitro_ml.arcade.players import expert, player, score_episode, wanderer
from nitro_ml.arcade.record import Recording, Segment, record
from nitro_ml.arcade.shard import Published, write_shard

__all__ = [
    "GAMES",
    "Game",
    "GameError",
    "GameSpec",
    "Pad",
    "Player",
    "Published",
    "Recording",
    "Segment",
    "Step",
    "add_visible",
    "expert",
    "make",
    "player",
    "record",
    "record_to",
    "save_truth",
    "score_episode",
    "wanderer",
    "write_shard",
]
