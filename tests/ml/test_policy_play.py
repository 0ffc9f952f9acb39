"""Closed loop in real games."""

import numpy as np
import pytest

from nitro_ml.arcade.games import GameError, make
from nitro_ml.fit import seeded
from nitro_ml.policy.agent import Policy
from nitro_ml.policy.model import PolicyNet, vision_encoder
from nitro_ml.policy.play import PolicyPlayer, interval, play
from nitro_ml.policy.recipe import load_recipe


@pytest.fixture(scope="module")
def policy() -> Policy:
    recipe = load_recipe("small")
    with seeded(0):
        return Policy(PolicyNet(recipe, vision_encoder(recipe)), recipe, {})


def test_the_same_seed_gives_the_same_scores(policy: Policy) -> None:
    scores = [play(policy, "breakout", episodes=2, seed=5, max_frames=90) for _ in range(2)]
    assert scores[0] == scores[1]
    assert len(scores[0]) == 2


def test_it_looks_again_only_after_the_executed_part(policy: Policy) -> None:
    game = make("freeway", 0)
    player = PolicyPlayer(policy, game, np.random.default_rng(0))
    execute = policy.recipe.execute
    first = [player.act() for _ in range(execute)]
    expected = np.random.default_rng(0)
    chunk = policy.act_on(game.frame, expected)
    for pad, buttons in zip(first, chunk.buttons, strict=False):
        np.testing.assert_array_equal(pad.buttons, buttons)
    again = policy.act_on(game.frame, expected)
    np.testing.assert_array_equal(player.act().buttons, again.buttons[0])


def test_the_players_of_the_arcade_play_too_and_the_expert_wins() -> None:
    wanderer, expert = (play(who, "freeway", 1, seed=0, max_frames=600) for who in ("wanderer", "expert"))
    assert expert > wanderer
    with pytest.raises(GameError, match="tetris"):
        play("wanderer", "tetris", 1, seed=0)


def test_the_interval_holds_the_mean_and_narrows_with_episodes() -> None:
    rng = np.random.default_rng(0)
    few, many = (interval(rng.normal(10, 2, n)) for n in (5, 500))
    assert few.low <= few.mean <= few.high
    assert many.high - many.low < few.high - few.low
    assert many.low < 10 < many.high
    assert interval([3.0, 3.0]).low == interval([3.0, 3.0]).high == 3.0
