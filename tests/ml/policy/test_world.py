"""Latent actions and the world model, on a square that the d-pad moves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from nitro_ml import recipes
from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.clip import Clip
from nitro_ml.models.world.config import DynamicsSection, LatentSection, WorldRecipe, load_recipe
from nitro_ml.models.world.dynamics import DynamicsNet
from nitro_ml.models.world.latent import LatentNet
from nitro_ml.models.world.load import WorldError, codes, load_latent, load_world
from nitro_ml.models.world.rollout import rollout, write_gif
from nitro_ml.models.world.scores import Errors
from nitro_ml.models.world.train import train_latent, train_world
from nitro_ml.training import checkpoint
from nitro_ml.training.checkpoint import Trained
from tests.ml.policy.stopped import check_it_goes_on

SIDE = 32
LEFT, RIGHT = BUTTONS.index("dpad_left"), BUTTONS.index("dpad_right")
TINY = WorldRecipe(
    name="tiny",
    seed=0,
    mixture="none",
    resolution=SIDE,
    latent=LatentSection(size=16, channels=8, contrast=10, steps=220, batch=16, learning_rate=5e-3, bits=2),
    dynamics=DynamicsSection(
        size=16, channels=8, contrast=10, steps=250, batch=16, learning_rate=5e-3, context=1, unknown=0.2
    ),
)


def square(group: str, seed: int, length: int = 120, held_out: bool = False) -> Clip:
    """A white square that moves by four pixels to the side whose button is held, round and round."""
    rng = np.random.default_rng(seed)
    actions = Actions(np.zeros((length, 17), np.bool_), np.zeros((length, 4), np.float32))
    frames = np.zeros((length, SIDE, SIDE, 3), np.uint8)
    x = 0
    for t in range(length):
        frames[t, 12:20, (x + np.arange(8)) % SIDE] = 255
        move = int(rng.choice([-1, 1]))
        actions.buttons[t, LEFT if move < 0 else RIGHT] = True
        x = (x + 4 * move) % SIDE
    return Clip(frames, np.arange(length) / 30, "square", group, actions, held_out=held_out)


CLIPS = [square("a", 0), square("b", 1), square("c", 2, held_out=True)]


@pytest.fixture(scope="module")
def latent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    unlabelled = [Clip(**{**vars(clip), "actions": None}) for clip in CLIPS]
    return train_latent(TINY, unlabelled, tmp_path_factory.mktemp("latent"), {}).path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_world(TINY, CLIPS, tmp_path_factory.mktemp("world"), {"inputs": "root"}).path


def metrics(path: Path) -> dict[str, Any]:
    return checkpoint.read_card(path)["metrics"]


def test_the_inferred_code_predicts_better_than_a_random_one(latent: Path) -> None:
    found = metrics(latent)
    assert found["psnr"]["square"]["delta"]["changed"] > 3
    assert found["perplexity"] >= 1.9
    assert sum(found["codes"]) == pytest.approx(1)


def test_codes_tell_left_from_right_without_having_seen_a_button(latent: Path) -> None:
    held_out = CLIPS[2]
    assert held_out.actions is not None
    time, code = codes(load_latent(latent), held_out)
    right = held_out.actions.buttons[:-1, RIGHT]
    assert len(time) == len(code) == len(held_out) - 1
    agreeing = sum(max(right[code == c].sum(), (~right)[code == c].sum()) for c in set(code))
    assert agreeing > 0.9 * len(code)


def test_the_true_action_predicts_better_than_any_other(world: Path) -> None:
    psnr = metrics(world)["psnr"]["square"]
    for other in ("random", "none", "copy"):
        assert psnr["true"]["changed"] > psnr[other]["changed"] + 3
    assert psnr["true"]["all"] > psnr["copy"]["all"]


def test_a_rollout_starts_real_follows_the_buttons_and_becomes_a_gif(world: Path, tmp_path: Path) -> None:
    frames = rollout(load_world(world), CLIPS[2], start=5, length=20)
    assert frames.shape == (20, 16, 32, 3)
    real, dreamt = frames[:4, :, :16].astype(int), frames[:4, :, 16:].astype(int)
    frozen = np.broadcast_to(real[:1], real.shape)
    assert np.abs(real - dreamt)[1:].mean() < 0.7 * np.abs(real - frozen)[1:].mean()
    write_gif(frames, tmp_path / "rollout.gif")
    with Image.open(tmp_path / "rollout.gif") as gif:
        assert len(list(ImageSequence.Iterator(gif))) > 5
    assert (tmp_path / "rollout.gif").stat().st_size < 300_000
    with pytest.raises(WorldError, match="found 120 steps"):
        rollout(load_world(world), CLIPS[2], start=115, length=20)


def test_the_same_seed_gives_the_same_checkpoint(tmp_path: Path) -> None:
    short = TINY.model_copy(update={"dynamics": TINY.dynamics.model_copy(update={"steps": 3})})
    one, two = (train_world(short, CLIPS, tmp_path / name, {}).path.name for name in ("one", "two"))
    assert one == two


def test_psnr_counts_changed_pixels_apart() -> None:
    now, future = torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)
    future[:, :, 0, 0] = 1.0
    errors = Errors()
    errors.add(now, now, future)
    assert errors.psnr() == {"all": pytest.approx(10 * np.log10(16)), "changed": pytest.approx(0)}
    perfect = Errors()
    perfect.add(future, now, future)
    assert perfect.psnr() == {"all": None, "changed": None}


@pytest.mark.parametrize("name", recipes.names("world"))
def test_every_checked_in_recipe_is_valid(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.resolution % recipe.latent.size == recipe.resolution % recipe.dynamics.size == 0
    LatentNet(recipe.latent)
    DynamicsNet(recipe.dynamics)


def test_what_cannot_be_done_is_refused_by_name(tmp_path: Path, latent: Path) -> None:
    with pytest.raises(WorldError, match="found no usable clip"):
        train_world(TINY, [Clip(**{**vars(CLIPS[0]), "actions": None})], tmp_path, {})
    with pytest.raises(WorldError, match="found frames of 32 pixels"):
        train_latent(
            TINY.model_copy(update={"latent": TINY.latent.model_copy(update={"size": 12})}), CLIPS, tmp_path, {}
        )
    with pytest.raises(WorldError, match="allowed here is 'world'"):
        load_world(latent)


@pytest.mark.parametrize("train", [train_latent, train_world])
def test_a_stopped_training_goes_on_to_the_same_checkpoint(train: Callable[..., Trained], tmp_path: Path) -> None:
    sections = {"latent": TINY.latent, "dynamics": TINY.dynamics}
    short = TINY.model_copy(update={name: s.model_copy(update={"steps": 20}) for name, s in sections.items()})

    check_it_goes_on(lambda root, told, scratch: train(short, CLIPS, root, {}, told, scratch), tmp_path)
