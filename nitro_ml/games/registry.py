"""The open games there are, and how to start one."""

from nitro_ml.games.spec import Game, GameError, GameSpec


def _doom(
    name: str,
    title: str,
    buttons: tuple[str, ...],
    sticks: tuple[str, ...],
    *,
    seconds: float = 70.0,
    has_expert: bool = False,
) -> GameSpec:
    return GameSpec(name, title, "doom", buttons, sticks, (30,), seconds, has_expert)


_LEFT_RIGHT = ("dpad_left", "dpad_right")
_UP_DOWN = ("dpad_down", "dpad_up")
_ALL_FOUR = (*_UP_DOWN, *_LEFT_RIGHT)
_SPECS = (
    GameSpec("pong", "Pong", "atari", _UP_DOWN, has_expert=True),
    GameSpec("breakout", "Breakout", "atari", (*_LEFT_RIGHT, "south"), has_expert=True, serves="south"),
    GameSpec("space_invaders", "Space Invaders", "atari", (*_LEFT_RIGHT, "south"), has_expert=True),
    GameSpec("boxing", "Boxing", "atari", (*_ALL_FOUR, "south")),
    GameSpec("freeway", "Freeway", "atari", _UP_DOWN, has_expert=True),
    GameSpec("ms_pacman", "Ms. Pac-Man", "atari", _ALL_FOUR),
    GameSpec("seaquest", "Seaquest", "atari", (*_ALL_FOUR, "south")),
    GameSpec("demon_attack", "Demon Attack", "atari", (*_LEFT_RIGHT, "south")),
    GameSpec("alien", "Alien", "atari", (*_ALL_FOUR, "south")),
    _doom("basic", "Basic", (*_LEFT_RIGHT, "right_trigger"), ("j_right_x",), seconds=10.0, has_expert=True),
    _doom("health_gathering", "Health Gathering", (), ("j_left_y", "j_right_x"), has_expert=True),
    _doom(
        "deadly_corridor",
        "Deadly Corridor",
        ("right_trigger",),
        ("j_left_x", "j_left_y", "j_right_x"),
        has_expert=True,
    ),
    _doom("my_way_home", "My Way Home", (), ("j_left_y", "j_right_x")),
    _doom("defend_the_center", "Defend the Center", ("right_trigger",), ("j_right_x",), has_expert=True),
)
GAMES: dict[str, GameSpec] = {spec.name: spec for spec in _SPECS}


def spec_of(name: str) -> GameSpec:
    """Raises `GameError` naming the games there are."""
    if name not in GAMES:
        raise GameError(f"game {name!r} is not in the arcade; there are: {', '.join(GAMES)}.")
    return GAMES[name]


def make(name: str, seed: int, fps: int = 30) -> Game:
    """Start a game at its first episode. Raises `GameError` for an unknown game or a rate it cannot be played at."""
    spec = spec_of(name)
    if fps not in spec.rates:
        allowed = " or ".join(str(rate) for rate in spec.rates)
        raise GameError(f"{name} cannot be played at {fps} fps; allowed is {allowed}.")
    if spec.engine == "atari":
        from nitro_ml.games.adapters.atari import AtariGame

        return AtariGame(spec, seed, fps)
    from nitro_ml.games.adapters.vizdoom import DoomGame

    return DoomGame(spec, seed, fps)
