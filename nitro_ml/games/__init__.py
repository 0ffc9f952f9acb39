"""The arcade: open games whose true inputs we know, behind one virtual gamepad; who plays them; and the recorder."""

from nitro_ml.games.env import Game, SavedStates, Step
from nitro_ml.games.pad import Pad, Player
from nitro_ml.games.players.registry import expert, player, score_episode, sticky_random
from nitro_ml.games.recorder.dataset import add_visible, record_to, save_truth
from nitro_ml.games.recorder.record import Recording, Segment, record
from nitro_ml.games.recorder.shard import Published, write_shard
from nitro_ml.games.registry import GAMES, environment, make, register
from nitro_ml.games.spec import GameError, GameSpec

__all__ = [
    "GAMES",
    "Game",
    "GameError",
    "GameSpec",
    "Pad",
    "Player",
    "Published",
    "Recording",
    "SavedStates",
    "Segment",
    "Step",
    "add_visible",
    "environment",
    "expert",
    "make",
    "player",
    "record",
    "record_to",
    "save_truth",
    "score_episode",
    "sticky_random",
    "write_shard",
]

register()
