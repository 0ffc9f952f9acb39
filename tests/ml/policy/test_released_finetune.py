"""Fine-tuning of imported weights, tiny: what is to learn learns, what is frozen stays to the bit."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from nitro_ml import recipes
from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import ResampledClip
from nitro_ml.models.policy.data import gather
from nitro_ml.models.policy.evaluate import evaluate
from nitro_ml.models.policy.play.agent import Policy
from nitro_ml.models.policy.released.archive import WeightsError
from nitro_ml.models.policy.released.finetune import BLOCKS, VISION
from nitro_ml.models.policy.released.folder import export_file, import_file
from nitro_ml.models.policy.released.recipe import FinetuneRecipe, Lora
from nitro_ml.models.policy.train import train
from nitro_ml.training import checkpoint
from tests.ml.policy.released_files import SMALL, released

EAST, WEST = BUTTONS.index("east"), BUTTONS.index("west")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("released")
    return import_file(released(where / "ng.pt"), where, SMALL).path


def recipe_from(start: Path, **changes: object) -> FinetuneRecipe:
    tiny = {"resolution": 32, "seed": 1, "beta": (1.6, 0.8), "steps": 40, "batch": 8, "draws": 4, "learning_rate": 1e-2}
    still = {"weight_decay": 0.0, "warmup": 0.1, "decay": 0.3, "ema": 0.9, "jitter": 0.0, "degrees": 0.0, "crop": 0.0}
    return FinetuneRecipe(**{"name": "tiny", "start": str(start), "train_vision": False, **tiny, **still, **changes})


def clip(left: bool, group: str, held_out: bool = False, fps: int = 60) -> Clip:
    frames = np.full((60, 32, 32, 3), 20, np.uint8)
    frames[:, :, : 16 if left else 32] = 200
    actions = Actions(np.zeros((60, 17), np.bool_), np.zeros((60, 4), np.float32))
    actions.buttons[:, WEST if left else EAST] = True
    return Clip(frames, np.arange(60) / fps, "toy", group, actions, held_out=held_out)


CLIPS = [clip(True, "a"), clip(False, "b"), clip(True, "c", held_out=True), clip(False, "d", held_out=True)]


@pytest.mark.parametrize(("fps", "numbers"), [(60, np.arange(13, 31)), (30, np.arange(13, 31) // 2)])
def test_a_chunk_begins_three_frames_of_60_late_whatever_the_videos_rate(fps: int, numbers: np.ndarray) -> None:
    own = clip(True, "a", fps=fps)
    assert own.actions
    own.actions.sticks[:, 0] = np.linspace(-1, 1, 60)
    batch = gather(
        [(ResampledClip(own), 5), (ResampledClip(own), 28)], recipe_from(Path())
    )  # step 5 is frame 10 of 60, or 5 of 30
    np.testing.assert_allclose(batch.chunks[0, :, 21] * 2 - 1, own.actions.sticks[numbers, 0], atol=1e-6)
    assert batch.mask[0].all()
    assert batch.mask[1].all() == (fps == 30)


@pytest.mark.parametrize(
    ("changes", "learning"),
    [
        ({}, r"(?!vision_encoder).*"),
        ({"train_vision": True, "steps": 4}, r"(?!vision_encoder\.head).*"),
        ({"lora": Lora(rank=4, alpha=8)}, BLOCKS),
        ({"lora": Lora(rank=2, alpha=4), "train_vision": True, "steps": 4}, f"({BLOCKS}|{VISION})"),
    ],
    ids=["frozen vision", "all", "adapters", "adapters in vision too"],
)
def test_what_is_to_learn_learns_and_the_rest_stays(
    changes: dict[str, object], learning: str, start: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    recipe = recipe_from(start, **changes)
    trained = train(recipe, CLIPS, tmp_path, {}, lambda _, what: said.append(what))
    before, after = (checkpoint.load(path)[0] for path in (start, trained.path))
    assert before.keys() == after.keys()
    pattern = re.compile(learning + (r"\.weight" if recipe.lora else ""))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    unread = {"position_embedding.weight"}  # all but its first rows
    assert {name for name in before if pattern.fullmatch(name)} - unread == changed - unread
    losses = [float(what.rsplit(" ", 1)[1]) for what in said]
    if recipe.steps > 4:
        assert np.mean(losses[-5:]) < 0.9 * losses[0]
        learnt = trained.card["metrics"]["toy"]
        assert learnt["button_ap"] > 0.9 > learnt["button_ap_chance"]
        assert learnt["flow_loss"] < 0.9 * evaluate(Policy.load(start).net, recipe, CLIPS[2:])["toy"]["flow_loss"]


def test_the_result_is_one_plain_checkpoint_that_plays_and_goes_on(start: Path, tmp_path: Path) -> None:
    once = train(recipe_from(start, lora=Lora(rank=2, alpha=4), steps=2), CLIPS[:2], tmp_path, {"mixture": "m"})
    policy = Policy.load(once.path)
    assert len(policy.act(CLIPS[0].frames[None, :1], policy.noise(np.random.default_rng(0))[None])[0]) == 9
    card = policy.card
    assert (card["start"], card["mixture"], card["recipe"]["lora"]) == (start.name, "m", {"rank": 2, "alpha": 4})
    assert "start" not in card["recipe"]
    again = import_file(export_file(once.path, tmp_path / "mine.pt"), tmp_path, SMALL)
    states = [checkpoint.load(path)[0] for path in (once.path, again.path)]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    assert train(recipe_from(again.path, steps=1), CLIPS[:2], tmp_path, {}).card["start"] == again.path.name


def test_a_start_that_is_not_there_or_of_another_size_is_refused(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WeightsError, match="start: found no folder"):
        train(recipe_from(tmp_path / "nowhere"), CLIPS, tmp_path, {})
    with pytest.raises(WeightsError, match=r"found resolution: 16; the weights it starts from take 32"):
        train(recipe_from(start, resolution=16), [own_side(c) for c in CLIPS], tmp_path, {})
    monkeypatch.setenv("NITRO_START", str(start))
    one = recipes.digest("policy", "nitrogen_lora")
    assert recipes.read("policy", "nitrogen_lora")["start"] == str(start)
    monkeypatch.setenv("NITRO_START", str(tmp_path))
    assert recipes.digest("policy", "nitrogen_lora") != one


def own_side(whole: Clip) -> Clip:
    return Clip(**{**vars(whole), "frames": whole.frames[:, ::2, ::2]})
