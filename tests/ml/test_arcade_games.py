"""The games behind the pad: inputs show, seeds repeat, experts play better than chance."""

import numpy as np
import pytest

from nitro_ml.arcade import GAMES, GameError, Pad, expert, make, player, score_episode, wanderer

FRAMES = 60
CONTROLS = [(game, control) for game, spec in GAMES.items() for control in (*spec.buttons, *spec.sticks)]


def _picture(game: str, pad: Pad, frames: int = 24) -> np.ndarray:
    """What is shown after the pad has been held, in the middle of the first episode."""
    running = make(game, seed=1)
    for _ in range(45 if GAMES[game].engine == "atari" else 5):
        running.step(Pad.idle())
    for _ in range(frames):
        running.step(pad)
    return running.frame


@pytest.mark.parametrize(("game", "control"), CONTROLS)
def test_every_control_a_game_uses_can_be_seen(game: str, control: str) -> None:
    held = Pad.holding(sticks={control: -1.0}) if control.startswith("j_") else Pad.holding([control])
    assert (_picture(game, held) != _picture(game, Pad.idle())).any()


def test_opposite_directions_at_once_are_neither() -> None:
    both = Pad.holding(["dpad_left", "dpad_right"])
    assert (_picture("breakout", both) == _picture("breakout", Pad.idle())).all()


def test_a_stick_turns_in_proportion() -> None:
    from nitro_ml.arcade.doom import DoomGame

    def bearing(turn: float) -> float:
        game = make("basic", seed=1)
        assert isinstance(game, DoomGame)
        before = game.bearing
        game.step(Pad.holding(sticks={"j_right_x": turn}))
        assert before is not None and game.bearing is not None
        return before - game.bearing

    assert bearing(0.5) == pytest.approx(3.0, abs=0.2)
    assert bearing(-1.0) == pytest.approx(-6.0, abs=0.2)


@pytest.mark.parametrize("name", GAMES)
def test_the_same_seed_plays_the_same_and_another_does_not(name: str) -> None:
    def played(seed: int) -> np.ndarray:
        game = make(name, seed)
        who = wanderer(game, np.random.default_rng(seed))
        shown = []
        for _ in range(FRAMES):
            shown.append(game.frame)
            if game.step(who.act()).done:
                game.reset()
        return np.stack(shown)

    first = played(1)
    assert first.shape == (FRAMES, 240, 320, 3) and first.dtype == np.uint8
    assert (first == played(1)).all()
    assert (first != played(2)).any()


@pytest.mark.parametrize(("name", "seconds", "margin"), [("pong", 20, 3), ("breakout", 15, 2), ("freeway", 20, 2)])
def test_the_expert_beats_the_wanderer(name: str, seconds: int, margin: int) -> None:
    assert _score(name, "expert", seconds) >= _score(name, "wanderer", seconds) + margin


def test_the_expert_of_basic_hits_in_every_episode() -> None:
    game = make("basic", seed=4)
    skilled = expert(game, np.random.default_rng(4))
    assert skilled is not None
    assert min(score_episode(game, skilled) for _ in range(4)) > 0


def _score(name: str, who: str, seconds: int) -> float:
    game = make(name, seed=4)
    return score_episode(game, player(who, game, np.random.default_rng(4)), max_frames=30 * seconds)


@pytest.mark.parametrize(("name", "who"), [(n, w) for n in GAMES for w in ("wanderer", "expert")])
def test_players_hold_their_buttons(name: str, who: str) -> None:
    if who == "expert" and not GAMES[name].has_expert:
        with pytest.raises(GameError, match=f"{name} has no expert; those that have: pong"):
            player(who, make(name, seed=3), np.random.default_rng(3))
        return
    game = make(name, seed=3)
    playing = player(who, game, np.random.default_rng(3))
    pads = []
    for _ in range(300):
        pads.append(playing.act().buttons)
        if game.step(Pad(pads[-1], playing.act().sticks * 0)).done:
            game.reset()
    events = (np.diff(np.stack(pads).astype(int), axis=0) != 0).sum()
    assert events / 10 < 8  # a second


def test_unknown_games_rates_and_players_are_named() -> None:
    with pytest.raises(GameError, match="'tetris' is not in the arcade; there are: pong, breakout"):
        make("tetris", seed=0)
    with pytest.raises(GameError, match="basic cannot be played at 60 fps; allowed is 30"):
        make("basic", seed=0, fps=60)
    with pytest.raises(GameError, match="player 'robot' is unknown; allowed are: mixed, wanderer, expert"):
        player("robot", make("pong", seed=0), np.random.default_rng(0))
