"""Games as Gymnasium environments: their contract, and the recorder's frames and rewards again."""

import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from nitro_ml.games import GAMES, GameError, Pad, environment, make
from nitro_ml.games.recorder.encode import encode
from nitro_ml.games.recorder.record import record


def test_every_game_is_known_to_gymnasium_and_bounded_by_its_longest_episode() -> None:
    bounds = {spec.name: spec.max_episode_steps for spec in gymnasium.registry.values() if spec.namespace == "nitro"}
    assert bounds == {name: spec.episode_frames() for name, spec in GAMES.items()}
    assert bounds["basic"] == 300


@pytest.mark.parametrize("game", ["pong", "basic"])  # one an engine
def test_the_environments_keep_gymnasiums_contract(game: str) -> None:
    env = gymnasium.make(f"nitro/{game}-v0", render_mode="rgb_array")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)
    env.close()


@pytest.mark.parametrize(("game", "ends"), [("freeway", 0), ("basic", 3)])
def test_the_recorders_pads_bring_the_same_frames_and_rewards_again(game: str, ends: int, tmp_path: Path) -> None:
    recording = record(game, 90, 1, tmp_path / "recorded.mp4", screens=False, who="expert")
    env = gymnasium.make(f"nitro/{game}-v0")
    env.reset(seed=8)
    for _ in range(60):  # after whatever was played before; Freeway remembers it where a new episode alone is begun
        env.step(Pad.holding(["dpad_up", "right_trigger"]).action)
    frame, _ = env.reset(seed=1)
    shown, rewards, ended = [], [], 0
    for buttons, sticks in zip(recording.actions.buttons, recording.actions.sticks, strict=True):
        shown.append(frame)
        frame, reward, terminated, truncated, _ = env.step({"buttons": buttons.astype(np.int8), "sticks": sticks})
        rewards.append(reward)
        if terminated or truncated:
            frame, _ = env.reset()
            ended += 1
    assert rewards == recording.rewards.tolist()
    assert ended == ends
    encode(shown, tmp_path / "again.mp4", 30)
    assert (tmp_path / "again.mp4").read_bytes() == recording.video.read_bytes()
    env.close()


def test_a_pads_action_is_one_of_the_space_and_does_what_the_pad_does() -> None:
    pads = [Pad.holding(["dpad_left"], {"j_right_x": 0.5}), Pad.holding(["right_trigger"])]
    by_pad, by_action = make("basic", 2), make("basic", 2)
    for pad in pads * 5:
        assert pad.action in by_action.action_space
        step = by_pad.advance(pad)
        assert by_action.step(pad.action)[1] == step.reward
        assert (by_pad.frame == by_action.frame).all()


def test_an_engines_own_time_limit_truncates() -> None:
    game = make("basic", 0)
    last = next(step for step in (game.advance(Pad.idle()) for _ in range(400)) if step.done)
    assert (last.terminated, last.truncated) == (False, True)


def test_an_environment_can_be_closed_twice_and_unknown_modes_are_named() -> None:
    env = environment("basic")
    env.close()
    env.close()
    with pytest.raises(GameError, match="pong has no render mode 'human'; allowed is 'rgb_array', and gymnasium"):
        environment("pong", render_mode="human")
