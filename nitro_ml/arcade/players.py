"""Who plays: the wanderer, the scripted experts, and both taking turns."""

import numpy as np

from nitro_ml.arcade.experts import EXPERTS
from nitro_ml.arcade.games import Game, GameError
from nitro_ml.arcade.pad import Pad, Player
from nitro_ml.arcade.wanderer import Wanderer

TURN = (4.0, 10.0)  # seconds each of two players has the pad, drawn evenly


def wanderer(game: Game, rng: np.random.Generator) -> Player:
    """Random play with held buttons, for any game."""
    return Wanderer(game, rng)


def expert(game: Game, rng: np.random.Generator) -> Player | None:
    """Scripted play that reads the game's memory; None where the game has no expert."""
    make = EXPERTS.get(game.spec.name)
    return make(game, rng) if make else None


class Turns:
    """Expert and wanderer taking turns: skilled play, and the odd inputs that skilled play never shows."""

    def __init__(self, players: list[Player], fps: int, rng: np.random.Generator) -> None:
        self._players = players
        self._fps = fps
        self._rng = rng
        self._left = 0

    def act(self) -> Pad:
        if self._left == 0:
            self._players.append(self._players.pop(0))
            self._left = round(self._rng.uniform(*TURN) * self._fps)
        self._left -= 1
        return self._players[0].act()


PLAYERS = ("mixed", "wanderer", "expert")


def player(kind: str, game: Game, rng: np.random.Generator) -> Player:
    """A player by name: `mixed` (taking turns; the wanderer alone where there is no expert), `wanderer` or `expert`.

    Raises `GameError` for another name, or for the expert of a game that has none.
    """
    if kind not in PLAYERS:
        raise GameError(f"player {kind!r} is unknown; allowed are: {', '.join(PLAYERS)}.")
    skilled = expert(game, rng)
    if kind == "wanderer" or (kind == "mixed" and skilled is None):
        return wanderer(game, rng)
    if skilled is None:
        raise GameError(f"{game.spec.name} has no expert; those that have: {', '.join(EXPERTS)}.")
    return skilled if kind == "expert" else Turns([skilled, wanderer(game, rng)], game.fps, rng)


def score_episode(game: Game, who: Player, max_frames: int | None = None) -> float:
    """Points of one episode from its start, of at most `max_frames` frames (default: the game's own bound)."""
    game.reset()
    score = 0.0
    for _ in range(game.spec.episode_frames(game.fps) if max_frames is None else max_frames):
        step = game.step(who.act())
        score += step.reward
        if step.done:
            break
    return score
