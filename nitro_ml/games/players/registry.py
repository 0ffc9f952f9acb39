"""Who plays: the wanderer, the scripted experts, and both taking turns."""

from collections.abc import Sequence

import numpy as np

from nitro_ml.games.env import Game
from nitro_ml.games.pad import Pad, Player
from nitro_ml.games.players.sticky_random import StickyRandom
from nitro_ml.games.registry import GAMES
from nitro_ml.games.spec import GameError

TURN = (4.0, 10.0)  # seconds each of two players has the pad, drawn evenly
PLAY, DISTURBANCE = (2.0, 6.0), (0.2, 1.0)  # seconds of the expert, and of the wanderer who disturbs it
Span = tuple[float, float]


def sticky_random(game: Game, rng: np.random.Generator) -> Player:
    """Random play with held buttons, for any game."""
    return StickyRandom(game, rng)


def expert(game: Game, rng: np.random.Generator) -> Player | None:
    """Scripted play that reads the game's memory; None where the game has no expert."""
    return game.game_spec.load("expert")(game, rng) if game.game_spec.has_expert else None


class Turns:
    """Players taking turns at one pad, each for a time drawn evenly from its span, in seconds; the last one begins.

    Those who wait watch: they are asked for inputs that nobody holds, so that they know where things are going.
    """

    def __init__(self, players: Sequence[tuple[Player, Span]], fps: int, rng: np.random.Generator) -> None:
        self._players = list(players)
        self._fps = fps
        self._rng = rng
        self._left = 0

    @property
    def name(self) -> str:
        return self._players[0][0].name

    def act(self) -> Pad:
        if self._left == 0:
            self._players.append(self._players.pop(0))
            self._left = max(1, round(self._rng.uniform(*self._players[0][1]) * self._fps))
        self._left -= 1
        held, *_ = [player.act() for player, _ in self._players]
        return held


PLAYERS = ("mixed", "disturbed", "wanderer", "expert")


def player(kind: str, game: Game, rng: np.random.Generator) -> Player:
    """A player by name: `wanderer`, `expert`, or the two taking turns.

    `mixed`: long turns, for the inverse dynamics model, which learns from anyone; the wanderer alone where there is no
    expert. `disturbed`: an expert who loses the pad for a moment now and then and recovers, for policies, which would
    otherwise never see how a mistake is mended (DART, arXiv 1703.09327).
    Raises `GameError` for another name, or for the expert of a game that has none.
    """
    if kind not in PLAYERS:
        raise GameError(f"player {kind!r} is unknown; allowed are: {', '.join(PLAYERS)}.")
    skilled = expert(game, rng)
    if kind == "wanderer" or (kind == "mixed" and skilled is None):
        return sticky_random(game, rng)
    if skilled is None:
        those = ", ".join(name for name, spec in GAMES.items() if spec.has_expert)
        raise GameError(f"{game.game_spec.name} has no expert; those that have: {those}.")
    if kind == "expert":
        return skilled
    own, other = (TURN, TURN) if kind == "mixed" else (PLAY, DISTURBANCE)
    return Turns([(skilled, own), (sticky_random(game, rng), other)], game.fps, rng)


def score_episode(game: Game, who: Player, max_frames: int | None = None) -> float:
    """Points of one episode from its start, of at most `max_frames` frames (default: the game's own bound)."""
    game.reset()
    score = 0.0
    for _ in range(game.game_spec.episode_frames(game.fps) if max_frames is None else max_frames):
        step = game.advance(who.act())
        score += step.reward
        if step.done:
            break
    return score
