"""The vision-action policy, on clips whose frames tell what to press."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import SiglipVisionConfig, SiglipVisionModel

from nitro_ml import recipes
from nitro_ml.actions import BUTTONS, Actions
from nitro_ml.clip import Clip
from nitro_ml.fit import DeviceError
from nitro_ml.policy import chunk
from nitro_ml.policy.agent import Policy
from nitro_ml.policy.data import Chunks, gather
from nitro_ml.policy.model import PolicyError, PolicyNet, vision_encoder
from nitro_ml.policy.recipe import PolicyRecipe, load_recipe
from nitro_ml.policy.train import plateau, train
from nitro_ml.steps import Steps
from tests.ml.stopped import check_it_goes_on

SIDE = 16
EAST, WEST = BUTTONS.index("east"), BUTTONS.index("west")
TINY = PolicyRecipe(
    name="tiny",
    seed=1,
    resolution=SIDE,
    vision={
        "patch_size": 8,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
    },
    guess=False,
    width=32,
    heads=2,
    mixer_layers=1,
    dit_layers=2,
    horizon=4,
    execute=2,
    euler_steps=8,
    beta=(1.5, 1.0),
    steps=150,
    batch=16,
    draws=1,
    learning_rate=3e-3,
    weight_decay=0.001,
    warmup=0.1,
    decay=0.3,
    ema=0.95,
    jitter=0.1,
    degrees=2,
    crop=0.05,
)


def clip(left: bool, group: str, length: int = 40, held_out: bool = False) -> Clip:
    """A bright half says which of two buttons is held, and where the left stick points."""
    frames = np.full((length, SIDE, SIDE, 3), 20, np.uint8)
    frames[:, :, : SIDE // 2 if left else SIDE] = 200
    actions = Actions(np.zeros((length, 17), np.bool_), np.zeros((length, 4), np.float32))
    actions.buttons[:, WEST if left else EAST] = True
    actions.sticks[:, 0] = -0.8 if left else 0.8
    return Clip(frames, np.arange(length) / 30, "toy", group, actions, held_out=held_out)


CLIPS = [clip(True, "a"), clip(False, "b"), clip(True, "c", held_out=True), clip(False, "d", held_out=True)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(TINY, CLIPS, tmp_path_factory.mktemp("checkpoints"), {"inputs": "root"}).path


def test_the_frame_decides_what_is_pressed(trained: Path) -> None:
    policy = Policy.load(trained)
    for example, pressed, stick in ((CLIPS[0], WEST, -0.8), (CLIPS[1], EAST, 0.8)):
        chunks = [policy.act(example.frames[0], np.random.default_rng(seed)) for seed in range(8)]
        buttons = np.concatenate([c.buttons for c in chunks])
        assert buttons[:, pressed].mean() > 0.9
        assert np.delete(buttons, pressed, axis=1).mean() < 0.02
        assert np.concatenate([c.sticks for c in chunks])[:, 0].mean() == pytest.approx(stick, abs=0.3)


def test_a_loaded_policy_acts_the_same_for_the_same_noise(trained: Path) -> None:
    one, two = Policy.load(trained), Policy.load(trained)
    frame = CLIPS[0].frames[0]
    a, b = (p.act(frame, np.random.default_rng(3)) for p in (one, two))
    assert len(a) == TINY.horizon
    np.testing.assert_array_equal(a.buttons, b.buttons)
    np.testing.assert_array_equal(a.sticks, b.sticks)


def test_the_card_says_what_is_needed_and_how_good_it_is(trained: Path) -> None:
    card = Policy.load(trained).card
    assert card["inputs"] == "root"
    assert card["recipe"]["horizon"] == TINY.horizon
    toy = card["metrics"]["toy"]
    assert toy["frames"] == 80
    assert toy["button_ap"] > 0.95 > toy["button_ap_chance"]
    assert toy["flow_loss"] < 0.1


def test_the_same_seed_gives_the_same_checkpoint_and_ema_is_not_the_last_step(tmp_path: Path) -> None:
    short = TINY.model_copy(update={"steps": 6})
    again = [train(short, CLIPS, tmp_path / name, {}).path.name for name in ("one", "two")]
    assert again[0] == again[1]
    raw = train(short.model_copy(update={"ema": 0.0}), CLIPS, tmp_path / "raw", {})
    one, last = Policy.load(tmp_path / "one" / again[0]), Policy.load(raw.path)
    assert not torch.equal(one.net.vision_in.weight, last.net.vision_in.weight)


def test_pretrained_vision_is_read_from_a_folder_and_rebuilt_without_it(tmp_path: Path) -> None:
    config = SiglipVisionConfig(
        image_size=SIDE, patch_size=8, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=1
    )
    original = SiglipVisionModel(config)
    original.save_pretrained(tmp_path / "siglip")
    recipe = TINY.model_copy(update={"vision": str(tmp_path / "siglip"), "steps": 1, "guess": True})
    encoder = vision_encoder(recipe)
    for name, weight in encoder.state_dict().items():
        assert torch.equal(weight, original.state_dict()[name]), name
    path = train(recipe, CLIPS, tmp_path, {}).path
    (tmp_path / "siglip").rename(tmp_path / "gone")
    assert len(Policy.load(path).act(CLIPS[0].frames[0], np.random.default_rng(0))) == TINY.horizon
    (tmp_path / "gone").rename(tmp_path / "siglip")
    with pytest.raises(PolicyError, match=r"takes images of 16 pixels.*resolution: 32"):
        vision_encoder(recipe.model_copy(update={"resolution": 32}))


def test_chunks_are_padded_and_masked_after_the_end_and_resampled_to_30_hz() -> None:
    sixty = clip(True, "a", 60)
    sixty = Clip(sixty.frames, np.arange(60) / 60, "toy", "a", sixty.actions)
    steps = Steps(sixty)
    assert len(steps) == 30
    batch = gather([(steps, 0), (steps, 28)], TINY)
    assert batch.mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert batch.chunks[1, :, WEST].tolist() == [1, 1, 0, 0]


def test_clips_are_drawn_by_their_weight() -> None:
    heavy = Clip(**{**vars(clip(True, "a")), "weight": 3.0})
    batch = next(iter(Chunks([heavy, clip(False, "b")], TINY.model_copy(update={"batch": 2000}))))
    assert batch.chunks[:, 0, WEST].mean() == pytest.approx(0.75, abs=0.04)


@given(st.lists(st.lists(st.booleans(), min_size=17, max_size=17), min_size=1, max_size=5), st.floats(-1, 1, width=32))
def test_a_chunk_decodes_to_what_was_encoded(buttons: list[list[bool]], stick: float) -> None:
    actions = Actions(np.array(buttons), np.full((len(buttons), 4), stick, np.float32))
    back = chunk.decode(chunk.encode(actions))
    np.testing.assert_array_equal(back.buttons, actions.buttons)
    np.testing.assert_allclose(back.sticks, actions.sticks, atol=1e-6)


def test_the_learning_rate_warms_up_stays_and_falls() -> None:
    rates = [plateau(i / TINY.steps, TINY) for i in range(TINY.steps)]
    assert rates[0] < 0.1
    assert rates[TINY.steps // 2] == 1
    assert rates[-1] < 0.1


@pytest.mark.parametrize("name", recipes.names("policy"))
def test_every_checked_in_recipe_is_valid(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.execute <= recipe.horizon
    if isinstance(recipe, PolicyRecipe) and not isinstance(recipe.vision, str):
        assert PolicyNet(recipe, vision_encoder(recipe)).horizon == recipe.horizon


def test_what_cannot_be_done_is_refused_by_name(tmp_path: Path, trained: Path) -> None:
    with pytest.raises(PolicyError, match="found no labelled clip"):
        train(TINY, [], tmp_path, {})
    with pytest.raises(PolicyError, match=r"Clip of a: found frames \(16, 16, 3\)"):
        train(TINY.model_copy(update={"resolution": 32}), CLIPS, tmp_path, {})
    with pytest.raises(PolicyError, match="shrink it first"):
        Policy.load(trained).act(np.zeros((8, 8, 3), np.uint8), np.random.default_rng(0))
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="requires: gpu"):
            train(TINY.model_copy(update={"requires": "gpu"}), CLIPS, tmp_path, {})


def test_a_stopped_training_goes_on_to_the_same_checkpoint(tmp_path: Path) -> None:
    recipe, clips = TINY.model_copy(update={"steps": 20}), [clip(True, "a"), clip(False, "b")]
    check_it_goes_on(lambda root, told, scratch: train(recipe, clips, root, {}, told, scratch), tmp_path)
