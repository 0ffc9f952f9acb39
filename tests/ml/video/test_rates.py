"""Whatever a file says of its rate, models see frames 1/30 s apart and labels lie on the frames' own times.

Every frame shows its number, and its inputs spell it: what a model is given can be read off both.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import RATE, ResampledClip
from nitro_ml.models.idm.config import Augmentation
from nitro_ml.models.idm.data import Windows
from nitro_ml.models.idm.infer import infer
from nitro_ml.models.idm.model import IDM
from nitro_ml.models.policy.config import load_recipe
from nitro_ml.models.policy.data import gather
from nitro_ml.training.device import seeded
from nitro_ml.video.decode import Frames, probe, read
from tests.ml.idm.tiny_idm import TINY
from tests.ml.moving import write_video

BITS = 10


def numbered(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Plain pictures [T, 32, 32, 3] whose colour is their number, in steps that no resize blurs."""
    pictures = np.zeros((len(numbers), 32, 32, 3), np.uint8)
    pictures[..., 0], pictures[..., 1] = (numbers % 32 * 8)[:, None, None], (numbers // 32 * 8)[:, None, None]
    return pictures


def shown(frames: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The numbers of pictures [..., 32, 32, 3]."""
    return frames[..., 16, 16, 0].astype(np.int64) // 8 + frames[..., 16, 16, 1].astype(np.int64) // 8 * 32


def spelled(numbers: NDArray[np.int64]) -> Actions:
    buttons = np.zeros((len(numbers), len(BUTTONS)), np.bool_)
    buttons[:, :BITS] = numbers[:, None] >> np.arange(BITS) & 1
    return Actions(buttons, np.zeros((len(numbers), 4), np.float32))


def read_off(buttons: NDArray[np.float32] | NDArray[np.bool_]) -> NDArray[np.int64]:
    return (buttons[..., :BITS].astype(np.int64) << np.arange(BITS)).sum(-1)


def clip_of(path: Path, numbers: NDArray[np.int64]) -> Clip:
    parts = [Frames(p.rgb.copy(), p.time.copy()) for p in read(path, 32)]
    rgb, time = np.concatenate([p.rgb for p in parts]), np.concatenate([p.time for p in parts])
    assert (shown(rgb) == numbers).all()
    return Clip(rgb, time, "numbers", "a", spelled(numbers))


def uneven(frames: int) -> list[int]:
    """Milliseconds: 16 to 60 between two frames, and a gap of half a second."""
    between = np.random.default_rng(5).integers(16, 61, frames)
    between[frames // 2] = 500
    return [0, *np.cumsum(between[:-1]).tolist()]


@pytest.fixture(params=["uneven", "33.89 stated as 60", "60", "30", "24"])
def clip(request: pytest.FixtureRequest, tmp_path: Path) -> Clip:
    numbers, path = np.arange(240), tmp_path / "a.mkv"
    if request.param == "uneven":
        stamps = uneven(240)
    elif request.param == "33.89 stated as 60":
        stamps = [round(1000 * n / 33.89) for n in numbers]
    else:
        stamps = [round(1000 * n / int(request.param)) for n in numbers]
    write_video(path, numbered(numbers), pts=stamps)
    found = clip_of(path, numbers)
    np.testing.assert_allclose(found.time, np.array(stamps) / 1000, atol=1e-6)
    return found


def off_grid(clip: Clip, numbers: NDArray[np.int64], at: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether another frame of the clip is nearer to the time than the one of this number, by over a microsecond."""
    best = np.abs(clip.time[None] - np.ravel(at)[:, None]).min(1)
    return np.abs(clip.time[np.ravel(numbers)] - np.ravel(at)) > best + 1e-6


def test_training_sees_the_frame_nearest_to_each_step_with_its_own_inputs(clip: Clip) -> None:
    recipe = TINY.model_copy(update={"stretches": 16})
    stretches = Windows([clip], recipe, (-1, 1), Augmentation(), 1)
    batch = stretches.batch(0)
    numbers = shown(batch.frames.numpy())
    inner = numbers[:, stretches.labelled]
    assert (read_off(batch.buttons.numpy()) == inner).all()
    first = clip.time[inner[:, recipe.edge, None]]  # the middle of a stretch begins at a frame's own time
    assert not off_grid(clip, inner, first + (np.arange(inner.shape[1]) - recipe.edge) / RATE).any()


def test_policies_and_world_models_see_the_same_steps(clip: Clip) -> None:
    steps = ResampledClip(clip)
    numbers = shown(steps.frames(0, len(steps)))
    assert not off_grid(clip, numbers, clip.time[0] + np.arange(len(steps)) / RATE).any()
    assert len(steps) == round((clip.time[-1] - clip.time[0]) * RATE) + 1
    assert (read_off(steps.actions(0, len(steps)).buttons) == numbers).all()
    one = gather([(steps, 50)], load_recipe("small"))
    assert shown(one.frames.numpy()).tolist() == [[numbers[50 + offset] for offset in load_recipe("small").context]]


def test_labels_lie_on_the_frames_times(clip: Clip) -> None:
    with seeded(0):
        model = IDM(TINY).eval()
    raw = list(infer(model, [Frames(clip.frames[:], clip.time)]))
    assert np.concatenate([part.time for part in raw]).tolist() == clip.time.tolist()
    assert np.isfinite(np.concatenate([part.logits for part in raw])).all()


def test_a_rate_that_the_container_gets_wrong_is_not_believed(tmp_path: Path) -> None:
    """Frames 1/33.89 s apart but for a burst of a thousandth, by which the average that is stated lies."""
    numbers = np.arange(240)
    stamps = [round(1000 * n / 33.89) for n in range(120)]
    stamps += [stamps[-1] + n + 1 for n in range(120)]
    path = write_video(tmp_path / "a.mkv", numbered(numbers), pts=stamps)
    assert probe(path).fps > 45
    steps = shown(ResampledClip(clip_of(path, numbers)).frames(0, 100))
    assert np.diff(steps).max() <= 2, "a step of 1/30 s is one frame of this file, or two"


def test_60_frames_a_second_are_seen_as_the_same_play_at_30_bit_for_bit(tmp_path: Path) -> None:
    numbers = np.arange(300)
    fast = clip_of(write_video(tmp_path / "60.mkv", numbered(numbers), fps=60), numbers)
    slow = clip_of(write_video(tmp_path / "30.mkv", numbered(numbers[::2]), fps=30), numbers[::2])
    steps = [ResampledClip(clip) for clip in (fast, slow)]
    assert len(steps[1]) == 150
    assert steps[0].frames(0, 150).tobytes() == steps[1].frames(0, 150).tobytes()
    assert (steps[0].actions(0, 150).buttons == steps[1].actions(0, 150).buttons).all()
    with seeded(0):
        model = IDM(TINY).eval()
    logits = [np.concatenate([r.logits for r in infer(model, [Frames(c.frames[:], c.time)])]) for c in (fast, slow)]
    assert np.ptp(logits[1]) > 0.01
    np.testing.assert_allclose(logits[0][::2][:120], logits[1][:120], atol=1e-5)
