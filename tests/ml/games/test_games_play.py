"""The games behind the pad: inputs show, seeds repeat, experts play better than chance."""

from functools import cache

import numpy as np
import pytest

from nitro_ml.core.actions import STICKS
from nitro_ml.games import GAMES, GameError, Pad, expert, make, player, score_episode, sticky_random
from nitro_ml.games.adapters.vizdoom import DoomGame

FRAMES = 40
STARTS = {"ms_pacman": 150, "boxing": 30, "seaquest": 60}  # frames until the game listens
LEADS = {  # what to hold first, where the way is not open or there is nothing to shoot with at the start
    ("alien", "dpad_down"): ("dpad_left",),
    ("alien", "dpad_up"): ("dpad_left", "dpad_down"),
    ("seaquest", "south"): ("dpad_down",),
}
OPPOSITE = {"dpad_left": "dpad_right", "dpad_right": "dpad_left", "dpad_up": "dpad_down", "dpad_down": "dpad_up"}


@cache
def _shown(game: str, *controls: str) -> bytes:
    """The last 40 frames when each control ("" for none) is held for 40 frames, once the game listens."""
    running = make(game, seed=1)
    for _ in range(STARTS.get(game, 5)):
        running.advance(Pad.idle())
    frames: list[bytes] = []
    for control in controls:
        frames.clear()
        pad = Pad.holding(sticks={control: -1.0}) if control in STICKS else Pad.holding(control.split())
        for _ in range(40):
            running.advance(pad)
            frames.append(running.frame.tobytes())
    return b"".join(frames)


@pytest.mark.parametrize("game", GAMES)
def test_every_control_a_game_uses_can_be_seen(game: str) -> None:
    controls = (*GAMES[game].buttons, *GAMES[game].sticks)
    # From the other side of the room, so that there is a way to go.
    lead = {control: LEADS.get((game, control), (OPPOSITE.get(control, ""),)) for control in controls}
    assert [c for c in controls if _shown(game, *lead[c], c) == _shown(game, *lead[c], "")] == []


def test_opposite_directions_at_once_are_neither() -> None:
    assert _shown("breakout", "dpad_left dpad_right") == _shown("breakout", "")


def test_a_stick_turns_in_proportion() -> None:
    def bearing(turn: float) -> float:
        game = make("basic", seed=1)
        assert isinstance(game, DoomGame)
        before = game.target
        game.advance(Pad.holding(sticks={"j_right_x": turn}))
        after = game.target
        assert before is not None
        assert after is not None
        return before[0] - after[0]

    assert bearing(0.5) == pytest.approx(3.0, abs=0.2)
    assert bearing(-1.0) == pytest.approx(-6.0, abs=0.2)


@pytest.mark.parametrize("name", GAMES)
def test_the_same_seed_plays_the_same_and_another_does_not(name: str) -> None:
    def played(seed: int) -> np.ndarray:
        game = make(name, seed)
        who = sticky_random(game, np.random.default_rng(seed))
        shown = []
        for _ in range(FRAMES):
            shown.append(game.frame)
            if game.advance(who.act()).done:
                game.reset()
        return np.stack(shown)

    first = played(1)
    assert first.shape == (FRAMES, 240, 320, 3)
    assert first.dtype == np.uint8
    assert (first == played(1)).all()
    assert (first != played(2)).any()


@pytest.mark.parametrize(
    ("name", "seconds", "margin"),
    [
        ("pong", 20, 3),
        ("breakout", 15, 2),
        ("freeway", 20, 2),
        ("space_invaders", 40, 30),
        ("deadly_corridor", 10, 100),
        ("defend_the_center", 30, 3),
    ],
)
def test_the_expert_beats_the_wanderer(name: str, seconds: int, margin: int) -> None:
    assert _score(name, "expert", seconds) >= _score(name, "wanderer", seconds) + margin


def test_the_gatherer_stays_alive() -> None:
    assert _score("health_gathering", "expert", 40) == 40 * 30  # one point a frame; the wanderer starves in twenty


def test_the_expert_of_basic_hits_in_every_episode() -> None:
    game = make("basic", seed=4)
    skilled = expert(game, np.random.default_rng(4))
    assert skilled is not None
    assert min(score_episode(game, skilled) for _ in range(4)) > 0


def _score(name: str, who: str, seconds: int) -> float:
    game = make(name, seed=4)
    return score_episode(game, player(who, game, np.random.default_rng(4)), max_frames=30 * seconds)


@pytest.mark.parametrize(("name", "who"), [("space_invaders", "wanderer"), ("basic", "wanderer"), ("pong", "expert")])
def test_players_hold_their_buttons_a_while(name: str, who: str) -> None:
    game = make(name, seed=3)
    playing = player(who, game, np.random.default_rng(3))
    held = []
    for _ in range(300):
        pad = playing.act()
        held.append(pad.buttons)
        if game.advance(pad).done:
            game.reset()
    events = (np.diff(np.stack(held).astype(int), axis=0) != 0).sum(axis=1)
    assert 5 < events.sum() < 60  # in ten seconds
    assert (events[1:][events[:-1] > 0] == 0).mean() > 0.8  # hardly ever in two frames running


def test_unknown_games_rates_and_players_are_named() -> None:
    with pytest.raises(GameError, match="'tetris' is not in the arcade; there are: pong, breakout"):
        make("tetris", seed=0)
    with pytest.raises(GameError, match="basic cannot be played at 60 fps; allowed is 30"):
        make("basic", seed=0, fps=60)
    with pytest.raises(
        GameError, match="boxing has no expert; those that have: pong, breakout, space_invaders, freeway, basic"
    ):
        player("expert", make("boxing", seed=0), np.random.default_rng(0))
    with pytest.raises(GameError, match="player 'robot' is unknown; allowed are: mixed, disturbed, wanderer, expert"):
        player("robot", make("pong", seed=0), np.random.default_rng(0))
