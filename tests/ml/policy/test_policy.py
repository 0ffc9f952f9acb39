"""The vision-action policy, on clips whose frames tell what to press."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from transformers import SiglipVisionConfig, SiglipVisionModel

from nitro_ml import recipes
from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import ResampledClip
from nitro_ml.models.policy import chunk
from nitro_ml.models.policy.augment import translate
from nitro_ml.models.policy.config import PolicyRecipe, load_recipe
from nitro_ml.models.policy.dagger import corrections
from nitro_ml.models.policy.data import Chunks, gather
from nitro_ml.models.policy.model import PolicyNet, to_pixels
from nitro_ml.models.policy.play.agent import Policy
from nitro_ml.models.policy.play.episodes import play
from nitro_ml.models.policy.select import SEED, kept_steps
from nitro_ml.models.policy.train import _corrected, plateau, train
from nitro_ml.models.policy.vision import PolicyError, Siglip, encoder
from nitro_ml.training.device import DeviceError
from nitro_ml.training.hardware import Hardware
from tests.ml.policy.stopped import check_it_goes_on

SIDE = 36
EAST, WEST = BUTTONS.index("east"), BUTTONS.index("west")
TINY = PolicyRecipe(
    name="tiny",
    seed=1,
    resolution=SIDE,
    vision={"channels": (8, 8, 8), "tokens": 2, "token_width": 16},
    context=(-2, 0),
    guess=1.0,
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
    translate=1,
)


def seen(example: Clip, policy: Policy) -> np.ndarray:
    """The clip's start as contexts of one."""
    return np.stack([example.frames[0]] * len(policy.context))[None]


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
        noise = [policy.noise(np.random.default_rng(seed)) for seed in range(8)]
        chunks = policy.act(np.repeat(seen(example, policy), 8, 0), np.stack(noise))
        buttons = np.concatenate([c.buttons for c in chunks])
        assert buttons[:, pressed].mean() > 0.9
        assert np.delete(buttons, pressed, axis=1).mean() < 0.02
        assert np.concatenate([c.sticks for c in chunks])[:, 0].mean() == pytest.approx(stick, abs=0.3)


def test_a_loaded_policy_acts_the_same_for_the_same_noise(trained: Path) -> None:
    one, two = Policy.load(trained), Policy.load(trained)
    a, b = (p.act(seen(CLIPS[0], p), p.noise(np.random.default_rng(3))[None])[0] for p in (one, two))
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
    (a, *_), (b, *_) = list(one.net.parameters()), list(last.net.parameters())
    assert not torch.equal(a, b)


def test_pretrained_vision_is_read_from_a_folder_and_rebuilt_without_it(tmp_path: Path) -> None:
    config = SiglipVisionConfig(
        image_size=SIDE, patch_size=12, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=1
    )
    original = SiglipVisionModel(config)
    original.save_pretrained(tmp_path / "siglip")
    recipe = TINY.model_copy(update={"vision": str(tmp_path / "siglip"), "steps": 1})
    eyes = encoder(recipe)
    assert isinstance(eyes, Siglip)
    for name, weight in eyes.vision.state_dict().items():
        assert torch.equal(weight, original.state_dict()[name]), name
    path = train(recipe, CLIPS, tmp_path, {}).path
    (tmp_path / "siglip").rename(tmp_path / "gone")
    policy = Policy.load(path)
    assert len(policy.act(seen(CLIPS[0], policy), policy.noise(np.random.default_rng(0))[None])[0]) == TINY.horizon
    (tmp_path / "gone").rename(tmp_path / "siglip")
    with pytest.raises(PolicyError, match=r"takes images of 36 pixels.*resolution: 48"):
        encoder(recipe.model_copy(update={"resolution": 48}))


def test_what_it_saw_is_computed_once_and_serves_every_step(trained: Path) -> None:
    net = Policy.load(trained).net
    frames = torch.from_numpy(np.stack([seen(c, Policy.load(trained))[0] for c in CLIPS[:2]]))
    a_t, t = torch.randn(4, TINY.horizon, chunk.DIMENSIONS), torch.rand(4)
    with torch.inference_mode():
        both = net(net.encode(to_pixels(frames)), a_t, t)
        for row in range(4):
            alone = net(net.encode(to_pixels(frames[row // 2][None])), a_t[row][None], t[row][None])
            torch.testing.assert_close(both[row], alone[0], rtol=1e-4, atol=1e-4)


def test_the_context_is_older_frames_and_the_shift_later_actions() -> None:
    moving = clip(True, "a", 20)
    assert moving.actions is not None
    moving.frames[:][:] = np.arange(20, dtype=np.uint8)[:, None, None, None]
    moving.actions.buttons[10:, EAST] = True
    batch = gather([(ResampledClip(moving), 0), (ResampledClip(moving), 7)], TINY.model_copy(update={"shift": 0.1}))
    assert batch.frames[:, :, 0, 0, 0].tolist() == [[0, 0], [5, 7]]
    assert batch.chunks[1, :, EAST].tolist() == [1, 1, 1, 1]
    assert gather([(ResampledClip(moving), 7)], TINY).chunks[0, :, EAST].tolist() == [0, 0, 0, 1]


def test_buttons_are_drawn_by_their_probability_and_do_not_flicker() -> None:
    unsure = replace(clip(True, "a"), chance=np.full((40, 17), 0.3, np.float32))
    rng = np.random.default_rng(0)
    drawn = gather([(ResampledClip(unsure), 0)] * 400, TINY, rng).chunks[..., :17]
    assert drawn.mean() == pytest.approx(0.3, abs=0.02)
    assert (drawn == drawn[:, :1]).all()


def test_a_picture_is_moved_as_a_whole() -> None:
    pixels = torch.zeros(64, 2, 9, 9)
    pixels[:, :, 4, 4] = 1.0
    moved = translate(pixels, 2)
    assert (moved.sum((2, 3)) == 1).all()
    assert torch.equal(moved[:, 0], moved[:, 1])
    places = moved[:, 0].flatten(1).argmax(1)
    assert {(int(p) // 9, int(p) % 9) for p in places} <= {(y, x) for y in range(2, 7) for x in range(2, 7)}
    assert len(places.unique()) > 15


def test_chunks_are_padded_and_masked_after_the_end_and_resampled_to_30_hz() -> None:
    sixty = clip(True, "a", 60)
    sixty = Clip(sixty.frames, np.arange(60) / 60, "toy", "a", sixty.actions)
    steps = ResampledClip(sixty)
    assert len(steps) == 30
    batch = gather([(steps, 0), (steps, 28)], TINY)
    assert batch.mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert batch.chunks[1, :, WEST].tolist() == [1, 1, 0, 0]


def test_clips_are_drawn_by_their_weight() -> None:
    recipe = TINY.model_copy(update={"batch": 2000})
    batch = next(iter(Chunks([replace(clip(True, "a"), weight=3.0), clip(False, "b")], recipe)))
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
    if isinstance(recipe, PolicyRecipe) and not isinstance(recipe.vision, str):
        assert PolicyNet(recipe, encoder(recipe)).horizon == recipe.horizon


def test_what_cannot_be_done_is_refused_by_name(tmp_path: Path, trained: Path) -> None:
    with pytest.raises(PolicyError, match="found no labelled clip"):
        train(TINY, [], tmp_path, {})
    with pytest.raises(PolicyError, match=r"Clip of a: found frames \(36, 36, 3\)"):
        train(TINY.model_copy(update={"resolution": 48}), CLIPS, tmp_path, {})
    with pytest.raises(PolicyError, match="shrink them first"):
        Policy.load(trained).act(np.zeros((1, 2, 8, 8, 3), np.uint8), np.zeros((1, 4, 21), np.float32))
    for field, value in {"context": (0, -2), "execute": 5, "width": 33, "hardware": {"strategy": "fsdp"}}.items():
        with pytest.raises(ValueError, match=field):
            PolicyRecipe(**TINY.model_dump() | {field: value})
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="requires: gpu"):
            train(TINY.model_copy(update={"requires": "gpu"}), CLIPS, tmp_path, {})


def test_two_processes_train_one_policy(tmp_path: Path) -> None:
    short = TINY.model_copy(update={"steps": 4, "batch": 4})
    both = short.model_copy(update={"hardware": Hardware(devices=2, strategy="ddp_fork")})
    together, alone = (train(recipe, CLIPS, tmp_path, {}) for recipe in (both, short))
    assert together.path.name != alone.path.name, "it saw the second process's batches, too"
    assert Policy.load(together.path).recipe == both


def test_loaders_read_the_same_batches(tmp_path: Path) -> None:
    short = TINY.model_copy(update={"steps": 5, "batch": 4})
    by_loaders = short.model_copy(update={"hardware": Hardware(loaders=2)})
    folders = (train(recipe, CLIPS, tmp_path, {}).path for recipe in (short, by_loaders))
    one, other = (load_file(folder / "model.safetensors") for folder in folders)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_stopped_training_goes_on_to_the_same_checkpoint(tmp_path: Path) -> None:
    recipe, clips = TINY.model_copy(update={"steps": 20}), [clip(True, "a"), clip(False, "b")]
    check_it_goes_on(lambda root, told, scratch: train(recipe, clips, root, {}, told, scratch), tmp_path)


def test_the_candidate_that_plays_best_is_kept_and_all_are_on_the_card(tmp_path: Path) -> None:
    recipe = TINY.model_copy(update={"steps": 8, "candidates": 2, "episodes": 1})
    assert kept_steps(8, 2) == [6, 8]
    games = [replace(example, game="basic") for example in CLIPS]
    done = train(recipe, games, tmp_path, {})
    rows = done.card["candidates"]
    assert [row["step"] for row in rows] == [6, 8]
    (chosen,) = (row for row in rows if row["chosen"])
    assert chosen["play"] == max(row["play"] for row in rows)
    assert play(Policy.load(done.path), "basic", 1, SEED) == chosen["scores"]["basic"]
    assert chosen["offline"] == done.card["metrics"]


def test_experts_correct_what_the_policy_brings_about(trained: Path) -> None:
    found = corrections(Policy.load(trained), "breakout", minutes=0.2, number=0)
    assert sum(map(len, found)) == pytest.approx(360, abs=4)
    assert {c.frames.shape[1:] for c in found} == {(SIDE, SIDE, 3)}
    held = np.concatenate([c.actions.buttons for c in found if c.actions])
    assert held[:, BUTTONS.index("south")].any()  # the expert serves; this policy presses east or west, if anything
    assert not held[:, [EAST, WEST]].any()
    recipe = PolicyRecipe(**TINY.model_dump() | {"steps": 2, "corrections": {"rounds": 1, "minutes": 0.05}})
    games = [replace(example, game="breakout") for example in CLIPS]
    assert len(_corrected(recipe, games, None, None)) >= 1
