"""The inverse dynamics model: it learns a tiny game, labels streams as it labels wholes, and is reproducible."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nitro_ml import checkpoint, recipes
from nitro_ml.clip import Clip
from nitro_ml.idm.label import Labeller, evaluate, label_clip, label_video
from nitro_ml.idm.model import IDM
from nitro_ml.idm.recipe import IDMRecipe, load_recipe
from nitro_ml.idm.split import SplitError, split
from nitro_ml.idm.train import ClipError, Trained, train
from nitro_ml.labels import Labels, concat
from nitro_ml.metrics import BASELINES
from nitro_ml.trust.right import right
from nitro_ml.video import Frames
from tests.ml.moving import square_clip, write_video

TINY = load_recipe("window").model_copy(
    update={"resolution": 32, "channels": (8, 16, 16), "width": 32, "hidden": 32, "steps": 60, "reach": 2}
)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [square_clip(seed) for seed in range(6)]


@pytest.fixture(scope="module")
def trained(clips: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(TINY, clips, tmp_path_factory.mktemp("idm"), {"inputs": {"x": "y"}})


@pytest.fixture(scope="module")
def labeller(trained: Trained) -> Labeller:
    return Labeller(trained.path)


def stream(clip: Clip, sizes: list[int]) -> Iterator[Frames]:
    at = 0
    while at < len(clip):
        n = sizes[at % len(sizes)]
        yield Frames(clip.frames[at : at + n], clip.time[at : at + n])
        at += n


def equal(a: Labels, b: Labels) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True))


def test_it_beats_every_baseline_on_videos_it_has_not_seen(trained: Trained) -> None:
    table = trained.card["metrics"]["square"]
    assert table["model"]["event_f1_2"] > 0.8
    for name in BASELINES:
        assert table["model"]["event_f1_1"] > table[name]["event_f1_1"] + 0.3
        assert table["model"]["macro_ap"] > table[name]["macro_ap"] + 0.3


def test_the_card_says_what_was_trained_on_what(trained: Trained, clips: list[Clip]) -> None:
    card = checkpoint.read_card(trained.path)
    assert (card["kind"], card["inputs"], card["recipe"]["reach"]) == ("idm", {"x": "y"}, 2)
    assert card["videos"] == {"train": 3, "calibration": 1, "test": 2}
    again = evaluate(trained.path, split(clips, TINY).test, split(clips, TINY).train)
    assert again["square"]["model"] == card["metrics"]["square"]["model"]


def test_the_same_seed_gives_the_same_checkpoint(clips: list[Clip], tmp_path: Path) -> None:
    short = TINY.model_copy(update={"steps": 4})
    first, second = (train(short, clips, tmp_path / name, {}).path.name for name in "ab")
    other = train(short.model_copy(update={"seed": 8}), clips, tmp_path, {}).path.name
    assert first == second != other


def test_a_stopped_training_goes_on_to_the_same_checkpoint(clips: list[Clip], tmp_path: Path) -> None:
    short = TINY.model_copy(update={"steps": 8})

    def stop(done: float, _: str) -> None:
        if done > 0.7:
            raise KeyboardInterrupt

    scratch = tmp_path / "scratch"
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train(short, clips, tmp_path / "a", {}, stop, scratch)
    assert not (tmp_path / "a").exists()
    assert list(scratch.iterdir())
    steps = []
    resumed = train(short, clips, tmp_path / "a", {}, lambda done, _: steps.append(done), scratch)
    assert min(steps) > 0.5
    assert resumed.path.name == train(short, clips, tmp_path / "b", {}).path.name
    assert not list(scratch.iterdir())


def test_a_stream_is_labelled_as_the_whole_is_bit_for_bit(labeller: Labeller) -> None:
    clip = square_clip(9, frames=400)
    whole = concat(list(labeller.label([Frames(clip.frames, clip.time)], "square")))
    for sizes in ([1, 2, 70], [128], [399, 5]):
        assert equal(whole, concat(list(labeller.label(stream(clip, sizes), "square"))))


def test_every_frame_is_encoded_once_and_memory_is_bounded(labeller: Labeller, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = square_clip(9, frames=700)
    taken, encode = [], labeller.model.encode

    def counting(frame: torch.Tensor, following: torch.Tensor) -> torch.Tensor:
        taken.append(len(frame))
        return encode(frame, following)

    monkeypatch.setattr(labeller.model, "encode", counting)
    drawn = 0

    def source() -> Iterator[Frames]:
        nonlocal drawn
        for part in stream(clip, [50]):
            drawn += len(part)
            yield part

    labelled = 0
    for labels in labeller.label(source()):
        labelled += len(labels)
        assert drawn - labelled < 5 * 128
    assert labelled == 700
    assert sum(taken) < 700 + 128


@pytest.mark.parametrize("fps", [30.0, 60.0])
def test_there_is_one_row_for_every_frame_at_any_rate(labeller: Labeller, fps: float) -> None:
    clip = square_clip(11, frames=round(6 * fps), fps=fps)
    labels = label_clip(labeller, clip)
    np.testing.assert_array_equal(labels.time, clip.time)
    assert clip.actions is not None
    agree = (labels.hard(labeller.thresholds("square")).buttons == clip.actions.buttons).all(axis=1).mean()
    assert agree > 0.8
    assert np.isfinite(labels.buttons).all()
    assert ((labels.confidence >= 0) & (labels.confidence <= 1)).all()


def test_a_video_file_is_labelled_like_its_frames(trained: Trained, labeller: Labeller, tmp_path: Path) -> None:
    clip = square_clip(12, frames=90)
    path = write_video(tmp_path / "play.mp4", clip.frames, codec="libx264rgb")
    assert equal(label_video(path, trained.path, game="Square"), label_clip(labeller, clip))


def test_confidence_means_how_often_it_is_right(labeller: Labeller) -> None:
    clips = [square_clip(seed) for seed in range(20, 24)]
    labels = [label_clip(labeller, c) for c in clips]
    hard = [la.hard(labeller.thresholds("square")).buttons for la in labels]
    found = [right(h, c.actions.buttons, c.time) for h, c in zip(hard, clips, strict=True) if c.actions]
    assert abs(concat(labels).confidence.mean() - np.concatenate(found).mean()) < 0.1


def test_videos_are_split_whole_and_of_every_game(clips: list[Clip]) -> None:
    chunks = [c for clip in clips for c in (clip, clip)]
    parts = split(chunks, TINY)
    names = [{c.group for c in part} for part in (parts.train, parts.calibration, parts.test)]
    assert sum(map(len, names)) == len(set().union(*names)) == 6
    assert split(chunks[::-1], TINY).test[0].group in names[2]
    rare = [replace(clip, game="rare") for clip in clips[:2]]
    assert {c.group for c in split([*rare, *clips[2:]], TINY).train} > {c.group for c in rare}
    with pytest.raises(SplitError, match="found 2 labelled videos, of no game three"):
        split(clips[:2], TINY)


def test_recipes_are_checked() -> None:
    for name in recipes.names("idm"):
        IDM(load_recipe(name))
    assert load_recipe("pair").reach == 0
    with pytest.raises(ValueError, match="reach"):
        IDMRecipe(**{**TINY.model_dump(), "reach": -1})


def test_clips_that_cannot_be_trained_on_are_named(clips: list[Clip], tmp_path: Path) -> None:
    bare = Clip(clips[0].frames, clips[0].time, "square", "video-77")
    with pytest.raises(ClipError, match="video-77: found no actions"):
        train(TINY, [bare], tmp_path, {})
    with pytest.raises(ClipError, match=r"frames \(32, 32, 3\)"):
        train(load_recipe("pair"), clips, tmp_path, {})
