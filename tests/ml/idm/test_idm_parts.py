"""The parts of the inverse dynamics model, one by one: windows, heads, augmentation, pretrained encoders, recipes."""

import shutil
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from nitro_ml import recipes
from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.clip import Clip
from nitro_ml.models.idm.augment import augment
from nitro_ml.models.idm.config import Augmentation, IDMRecipe, SiglipSection, load_recipe
from nitro_ml.models.idm.infer import windows
from nitro_ml.models.idm.label import Labeller, label_clip
from nitro_ml.models.idm.model import BINS, IDM, Inferred, two_hot
from nitro_ml.models.idm.network.encoders import Siglip
from nitro_ml.models.idm.train import ClipError, train
from tests.ml.idm.tiny_idm import TINY
from tests.ml.moving import LEFT, RIGHT


def test_windows_overlap_and_every_frame_lies_in_the_middle_of_one() -> None:
    for fps, rate in product((24.0, 30.0, 60.0, 120.0), (30.0, 15.0)):
        time = 5.0 + np.arange(100) / fps
        times, window, place = windows(time, 16, 4, rate)
        assert np.abs(times[window, place] - time).max() <= 0.5 / max(fps, 30.0) + 1e-9
        assert 4 <= place.min() <= place.max() < 4 + 16
        np.testing.assert_allclose(np.diff(times, axis=1), 1 / rate)
    gap = np.array([0.0, 1 / 30, 1000.0, 1000.0 + 1 / 30])
    assert len(windows(gap, 16, 4, 30.0)[0]) <= 3


def test_what_is_read_out_of_training_leans_on_its_neighbours_in_time() -> None:
    model, encoded = IDM(TINY), torch.randn(2, TINY.length + 2 * TINY.edge, TINY.width)
    with torch.no_grad():
        learned, read = model.train()(encoded).buttons, model.eval()(encoded).buttons
    assert read.shape == (2, TINY.length + 2 * TINY.edge, 17)
    torch.testing.assert_close(read[:, 1:-1], (learned[:, :-2] + 2 * learned[:, 1:-1] + learned[:, 2:]) / 4)


def test_a_stick_that_went_left_or_right_did_not_stay_in_the_middle() -> None:
    split_mind = torch.full((1, 4, BINS), -9.0)
    split_mind[..., 1], split_mind[..., BINS - 2] = 2.0, 2.2
    assert Inferred(torch.zeros(1, 17), split_mind).sticks.min() > 0.8
    for value in (-1.0, -0.73, 0.0, 0.41, 1.0):
        exact = torch.log(two_hot(torch.full((1, 4), value)) + 1e-9)
        assert Inferred(torch.zeros(1, 17), exact).sticks[0, 0].item() == pytest.approx(value, abs=1e-4)


def test_a_mirrored_game_is_a_game_with_left_for_right(clips: list[Clip]) -> None:
    rng, clip = np.random.default_rng(0), clips[0]
    assert clip.actions is not None
    frames, actions = augment(clip.frames[:], clip.actions, rng, Augmentation(mirror=1))
    np.testing.assert_array_equal(frames, clip.frames[:, :, ::-1])
    np.testing.assert_array_equal(actions.buttons[:, LEFT], clip.actions.buttons[:, RIGHT])
    turned, upright = augment(clip.frames[:], clip.actions, rng, Augmentation(turn=1))
    np.testing.assert_array_equal(turned[0], clip.frames[0].transpose(1, 0, 2))
    np.testing.assert_array_equal(upright.buttons[:, BUTTONS.index("dpad_up")], clip.actions.buttons[:, LEFT])


def test_a_pretrained_encoder_is_loaded_kept_and_not_asked_for_again(clips: list[Clip], tmp_path: Path) -> None:
    from transformers import SiglipVisionConfig, SiglipVisionModel

    config = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1}
    pretrained = SiglipVisionModel(SiglipVisionConfig(**config, image_size=32, patch_size=8))
    pretrained.save_pretrained(tmp_path / "siglip2")
    section = SiglipSection(kind="siglip2", vision=str(tmp_path / "siglip2"), frozen=True, grid=4, channels=4)
    recipe = TINY.model_copy(update={"encoder": section, "steps": 2})
    model = IDM(recipe)
    assert isinstance(model.encoder, Siglip)
    own = model.encoder.vision.state_dict()
    assert all(torch.equal(own[name], weight) for name, weight in pretrained.state_dict().items() if name in own)
    trained = train(recipe, clips, tmp_path / "idm", {})
    shutil.rmtree(tmp_path / "siglip2")
    assert len(label_clip(Labeller(trained.path), clips[0])) == len(clips[0])
    with pytest.raises(ValueError, match="takes images of 32 pixels"):
        IDM(recipe.model_copy(update={"resolution": 64}), pretrained.config.to_dict())


def test_recipes_are_checked() -> None:
    for name in recipes.names("idm"):
        recipe = load_recipe(name)
        if recipe.encoder.kind != "siglip2" and recipe.requires == "cpu":
            IDM(recipe)
    pair = load_recipe("pair")
    assert (pair.edge, pair.layers, pair.kernel, IDM(pair).offsets) == (0, 0, 1, (1,))
    for wrong in ({"edge": -1}, {"kernel": 2}, {"heads": 3}, {"resolution": 33}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            IDMRecipe(**{**TINY.model_dump(), **wrong})


def test_clips_that_cannot_be_trained_on_are_named(clips: list[Clip], tmp_path: Path) -> None:
    bare = Clip(clips[0].frames, clips[0].time, "square", "video-77")
    with pytest.raises(ClipError, match="video-77: found no actions"):
        train(TINY, [bare], tmp_path, {})
    with pytest.raises(ClipError, match=r"frames \(32, 32, 3\)"):
        train(load_recipe("pair"), clips, tmp_path, {})
