"""Closed loop in real games."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.games.registry import make
from nitro_ml.games.spec import GameError
from nitro_ml.models.policy.config import load_recipe
from nitro_ml.models.policy.model import PolicyNet
from nitro_ml.models.policy.play.agent import Policy
from nitro_ml.models.policy.play.episodes import PolicyPlayer, begun, episodes, play, together
from nitro_ml.models.policy.play.film import film, write_webp
from nitro_ml.models.policy.play.live import LivePlayer
from nitro_ml.models.policy.play.scores import interval, normalised
from nitro_ml.models.policy.vision import encoder
from nitro_ml.training.device import seeded
from nitro_ml.video.resize import resize


@pytest.fixture(scope="module")
def policy() -> Policy:
    recipe = load_recipe("small")
    with seeded(0):
        return Policy(PolicyNet(recipe, encoder(recipe)), recipe, {})


def test_the_same_seed_gives_the_same_scores(policy: Policy) -> None:
    scores = [play(policy, "breakout", 2, seed=5, max_frames=90) for _ in range(2)]
    assert scores[0] == scores[1]
    assert len(scores[0]) == 2


def test_it_looks_again_only_after_the_executed_part(policy: Policy) -> None:
    game = make("freeway", 0)
    player = PolicyPlayer(policy, game, np.random.default_rng(0))
    expected, frames = np.random.default_rng(0), []
    for frame in range(2 * policy.execute):
        frames.append(resize(game.frame, policy.resolution))
        if frame % policy.execute == 0:
            context = [frames[max(0, frame + offset)] for offset in policy.context]
            chunk = policy.act(np.stack(context)[None], policy.noise(expected)[None])[0]
        pad = player.act()
        np.testing.assert_array_equal(pad.buttons, chunk.buttons[frame % policy.execute])
        game.advance(pad)


def test_episodes_side_by_side_are_whole_and_numbered(policy: Policy) -> None:
    found = sorted(episodes(policy, "freeway", 13, seed=2, max_frames=20), key=lambda e: e.number)
    assert [e.number for e in found] == list(range(13))
    assert {len(e.pads) for e in found} == {20}
    assert play(policy, "freeway", 13, seed=2, max_frames=20) == [e.score for e in found]


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


def test_normalised_scores_lie_between_wanderer_and_expert() -> None:
    rng = np.random.default_rng(1)
    wanderer, expert = rng.normal(-200, 30, 60), rng.normal(80, 10, 60)
    assert normalised(wanderer, wanderer, expert).mean == pytest.approx(0)
    assert normalised(expert, wanderer, expert).mean == pytest.approx(1)
    half = normalised((wanderer + expert) / 2, wanderer, expert)
    assert half.low < 0.5 < half.high
    assert half.high - half.low < 0.2


def test_a_policy_that_commits_keeps_its_noise_for_so_long(policy: Policy) -> None:
    player = PolicyPlayer(policy, make("freeway", 0), np.random.default_rng(0))
    drawn = []
    for frame in range(5 * policy.execute):
        player.observe()
        if frame % policy.execute == 0:
            drawn.append(player.seen()[1])
            together([player])
        player.pad()
    assert policy.commit >= 2 * policy.execute
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[policy.commit // policy.execute])


class Slow:
    """Chunks of four in which the first button says whether they are its first; all but the first take their time."""

    resolution, context, execute, commit = 36, (0,), 2, 0

    def __init__(self) -> None:
        self.free = threading.Event()
        self.asked = 0

    def noise(self, rng: np.random.Generator) -> NDArray[np.float32]:
        return np.zeros(1, np.float32)

    def act(self, frames: NDArray[np.uint8], eps: NDArray[np.float32]) -> list[Actions]:
        self.asked += 1
        buttons = np.zeros((4, len(BUTTONS)), np.bool_)
        buttons[:, 0], buttons[3, 1] = self.asked == 1, True
        if self.asked > 1:
            self.free.wait(10)
        return [Actions(buttons, np.zeros((4, 4), np.float32))]


def test_live_the_game_does_not_wait_for_the_policy() -> None:
    slow = Slow()
    with LivePlayer(slow, make("freeway", 0), np.random.default_rng(0)) as player:
        pads = [player.act() for _ in range(8)]
        assert all(pad.buttons[0] for pad in pads)  # the first chunk is played on,
        assert [bool(pad.buttons[1]) for pad in pads] == [False] * 3 + [True] * 5  # and its last action held
        slow.free.set()
        for _ in range(1000):
            if not player.act().buttons[0]:
                break
            time.sleep(0.01)
        else:
            pytest.fail("the second chunk was never played")


@pytest.mark.parametrize("game", ["breakout", "basic"])
def test_an_episode_can_be_shown_once_more(game: str, tmp_path: Path) -> None:
    last = max(episodes("wanderer", game, 12, seed=3, max_frames=60), key=lambda episode: episode.number)
    again = begun(game, 3, last.number)
    assert sum(again.advance(pad).reward for pad in last.pads) == pytest.approx(last.score)
    frames = film(game, 3, last, seconds=1.0)
    assert frames.shape == (round(min(len(last.pads), 30) / 3), 180, 240, 3)
    assert len(np.unique(frames[0, 142:, :63].reshape(-1, 3), axis=0)) in (3, 4)  # the controller's own colours
    write_webp(frames, tmp_path / "film.webp")
    assert getattr(Image.open(tmp_path / "film.webp"), "n_frames", 1) > 1
