"""The inverse dynamics model: it learns a tiny game, labels streams as it labels wholes, and is reproducible."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nitro_ml.core.clip import Clip
from nitro_ml.core.labels import Labels, concat
from nitro_ml.core.stream import BLOCK, Rows, blocks
from nitro_ml.evaluation import BASELINES
from nitro_ml.evaluation.correctness import correct
from nitro_ml.evaluation.unmeasured import unmeasured
from nitro_ml.models.idm.card import write_card
from nitro_ml.models.idm.label import Labeller, evaluate, label_clip, label_video
from nitro_ml.models.idm.split import SplitError, split
from nitro_ml.models.idm.train import Trained, train
from nitro_ml.training import checkpoint
from nitro_ml.training.hardware import Hardware
from nitro_ml.video.decode import Frames
from tests.ml.idm.tiny_idm import TINY, short
from tests.ml.moving import packed_clip, square_clip, write_video


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
    assert (card["kind"], card["inputs"], card["recipe"]["edge"]) == ("idm", {"x": "y"}, 4)
    assert card["videos"] == {"train": 3, "calibration": 1, "test": 2}
    again = evaluate(Labeller(trained.path), split(clips, TINY).test, split(clips, TINY).train)
    assert again["square"]["model"] == card["metrics"]["square"]["model"]


def test_the_same_seed_gives_the_same_checkpoint(clips: list[Clip], tmp_path: Path) -> None:
    short = TINY.model_copy(update={"steps": 4})
    first, second = (train(short, clips, tmp_path / name, {}).path.name for name in "ab")
    other = train(short.model_copy(update={"seed": 8}), clips, tmp_path, {}).path.name
    assert first == second != other


KILLED = """
import os, signal, sys
from pathlib import Path
from nitro_ml.models.idm.train import train
from tests.ml.moving import packed_clip, square_clip
from tests.ml.idm.tiny_idm import TINY, short

def killed(done, _):
    if done > 0.7:
        os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
clips = [packed_clip(square_clip(seed), folder / "clips") for seed in range(6)]
train(short(TINY), clips, folder, {}, killed, folder / "scratch")
"""


def test_a_killed_training_goes_on_to_the_same_checkpoint(clips: list[Clip], tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    scratch = tmp_path / "scratch"
    assert {p.name for p in tmp_path.iterdir()} == {"clips", "scratch"}
    clips = [packed_clip(clip, tmp_path / "clips") for clip in clips]
    steps: list[float] = []
    resumed = train(short(TINY), clips, tmp_path / "a", {}, lambda done, _: steps.append(done), scratch)
    assert min(steps) > 0.5
    assert resumed.path.name == train(short(TINY), clips, tmp_path / "b", {}).path.name
    steps.clear()
    assert train(short(TINY), clips, tmp_path / "c", {}, lambda done, _: steps.append(done), scratch).path.name == (
        resumed.path.name
    )
    assert not steps, "what is finished is not trained again"


def test_two_processes_train_one_model(clips: list[Clip], tmp_path: Path) -> None:
    both = Hardware(devices=2, strategy="ddp_fork")
    recipe = short(TINY).model_copy(update={"hardware": both, "length": 8, "stretches": 2})
    clips = [replace(clip, game=f"square {number % 2}") for number, clip in enumerate(clips)]  # two games have probes
    trained = train(recipe, clips, tmp_path, {})
    alone = train(recipe.model_copy(update={"hardware": Hardware()}), clips, tmp_path, {})
    for game in ("square 0", "square 1"):
        assert trained.card["metrics"][game]["model"]["frames"] == alone.card["metrics"][game]["model"]["frames"]
    assert trained.path.name != alone.path.name  # it saw the second process's batches, too


def test_training_stops_when_the_held_out_loss_does_not_improve(clips: list[Clip], tmp_path: Path) -> None:
    recipe = TINY.model_copy(update={"steps": 40, "check": 2, "patience": 1, "learning_rate": 1e-9})
    steps: list[float] = []
    train(recipe, clips, tmp_path, {}, lambda done, _: steps.append(done))
    assert max(steps) < 0.5


def test_a_stream_is_labelled_as_the_whole_is_bit_for_bit(labeller: Labeller) -> None:
    clip = square_clip(9, frames=400)
    whole = concat(list(labeller.label([Frames(clip.frames[:], clip.time)], "square")))
    for sizes in ([1, 2, 70], [128], [399, 5]):
        assert equal(whole, concat(list(labeller.label(stream(clip, sizes), "square"))))


def test_every_frame_is_encoded_once_and_memory_is_bounded(labeller: Labeller, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = square_clip(9, frames=700)
    taken, encode = [], labeller.model.encode

    def counting(views: list[torch.Tensor]) -> torch.Tensor:
        taken.append(len(views[0]))
        return encode(views)

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


def test_memory_is_bounded_and_parts_leave_no_trace_when_all_frames_lie_in_a_millisecond() -> None:
    time = np.linspace(0, 1e-3, 64 * BLOCK)
    looks = []
    for sizes in ([64], [1, 900]):
        drawn, found = 0, list[np.ndarray]()

        def source(sizes: list[int] = sizes) -> Iterator[Rows]:
            nonlocal drawn
            while drawn < len(time):
                part = time[drawn : drawn + sizes[drawn % len(sizes)]]
                drawn += len(part)
                yield Rows(part, np.arange(drawn - len(part), drawn))

        for block in blocks(source(), before=0.7, after=0.7):
            found += [block.time, block.at(np.array([block.time[0] - 0.7, block.time[-1] + 0.7]))]
            assert len(block.rows.time) < 9 * BLOCK
            assert drawn - int(block.rows.values[block.last - 1]) < 9 * BLOCK + max(sizes)
        looks.append(np.concatenate(found))
    np.testing.assert_array_equal(looks[0], looks[1])
    np.testing.assert_array_equal(np.concatenate(found[::2]), time)


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
    path = write_video(tmp_path / "play.mp4", clip.frames[:], codec="libx264rgb")
    assert equal(label_video(path, labeller, game="Square"), label_clip(labeller, clip))


def test_confidence_means_how_often_it_is_right(labeller: Labeller) -> None:
    clips = [square_clip(seed) for seed in range(20, 24)]
    labels = [label_clip(labeller, c) for c in clips]
    hard = [la.hard(labeller.thresholds("square")).buttons for la in labels]
    found = [correct(h, c.actions.buttons, c.time) for h, c in zip(hard, clips, strict=True) if c.actions]
    assert abs(concat(labels).confidence.mean() - np.concatenate(found).mean()) < 0.1


def test_videos_are_split_whole_and_of_every_game(clips: list[Clip]) -> None:
    chunks = [c for clip in clips for c in (clip, clip)]
    parts = split(chunks, TINY)
    names = [{c.group for c in part} for part in (parts.train, parts.calibration, parts.test)]
    assert sum(map(len, names)) == len(set().union(*names)) == 6
    assert split(chunks[::-1], TINY).test[0].group in names[2]
    rare = [replace(clip, game="rare") for clip in clips[:2]]
    assert {c.group for c in split([*rare, *clips[2:]], TINY).train} > {c.group for c in rare}
    left = split([*rare, *clips[2:]], TINY, frozen={rare[0].group})
    assert rare[0].group in {c.group for c in left.test}, "what a model was measured on stays out when others go"
    assert rare[1].group in {c.group for c in left.train}


@pytest.mark.parametrize(
    ("games", "counts", "told"),
    [
        ({"a": 2, "b": 2, "c": 2, "d": 2}, (4, 2, 2), ["no test video", "no calibration video"]),
        ({"a": 2, "b": 2}, (2, 1, 1), ["no test video", "no calibration video"]),
        ({"a": 2, "b": 1}, (1, 1, 1), ["b: no test video", "a: no calibration video"]),
        ({"a": 1, "b": 1, "c": 1}, (1, 1, 1), ["tested, but not trained on", "no test video"]),
        ({"a": 2}, (1, 1, 0), ["No video was left to test on"]),
    ],
)
def test_few_videos_are_split_over_all_games(
    clips: list[Clip], games: dict[str, int], counts: tuple[int, ...], told: list[str]
) -> None:
    names = [f"{game}{n}" for game, many in games.items() for n in range(many)]
    parts = split([replace(clips[0], game=name[0], group=name) for name in names], TINY)
    sets = [{c.group for c in part} for part in (parts.train, parts.calibration, parts.test)]
    assert tuple(map(len, sets)) == counts
    assert sorted(name for part in sets for name in part) == names, "each video in one set"
    if max(games.values()) == min(games.values()) == 2:
        assert {name[0] for name in sets[0]} == set(games), "what is measured is a game that was trained on"
    said = "\n".join(unmeasured(parts.videos_by_game()))
    assert all(text in said for text in told), said


def test_one_video_is_too_few(clips: list[Clip]) -> None:
    with pytest.raises(SplitError, match=r"found 1 labelled videos .* 0 of them held out .* 3 of a game"):
        split(clips[:1], TINY)


def test_a_model_of_two_videos_has_a_card_that_says_what_is_not_known(clips: list[Clip], tmp_path: Path) -> None:
    tiny = TINY.model_copy(update={"steps": 2, "stretches": 2})
    trained = train(tiny, clips[:2], tmp_path, {})
    assert trained.card["metrics"] == {}
    write_card(tmp_path / "card", trained.card)
    assert "No video was left to test on" in (tmp_path / "card" / "card.md").read_text()
