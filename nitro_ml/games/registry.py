"""The open games there are, how to start one, and their names in Gymnasium."""

import gymnasium

from nitro_ml.games.catalogue import found
from nitro_ml.games.env import Game
from nitro_ml.games.spec import GameError, GameSpec

NAMESPACE = "nitro"
CATALOGUE = found()
GAMES: dict[str, GameSpec] = CATALOGUE.games


def spec_of(name: str) -> GameSpec:
    """Raises `GameError` naming the games there are."""
    if name not in GAMES:
        raise GameError(f"game {name!r} is not in the arcade; there are: {', '.join(GAMES)}.")
    return GAMES[name]


def environment(game: str | GameSpec, fps: int = 30, render_mode: str | None = None) -> Game:
    """A game that has not been reset yet. Raises `GameError` as `make`, or for a render mode other than `rgb_array`."""
    spec = spec_of(game) if isinstance(game, str) else game
    adapter: type[Game] = spec.load("adapter")
    return adapter(spec, fps, render_mode)


def make(game: str | GameSpec, seed: int, fps: int = 30) -> Game:
    """Start a game at its first episode. Raises `GameError` for an unknown game or a rate it cannot be played at."""
    running = environment(game, fps)
    running.reset(seed=seed)
    return running


def register() -> None:
    """Make each game known to Gymnasium as `nitro/NAME-v0`, at 30 Hz and bounded to the game's longest episode."""
    for name, spec in GAMES.items():
        gymnasium.register(
            f"{NAMESPACE}/{name}-v0",
            entry_point=f"{__name__}:environment",
            max_episode_steps=spec.episode_frames(),
            kwargs={"game": name},
        )
