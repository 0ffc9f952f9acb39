"""Half-trained models: gone on from with the same inputs only, and destroyed with the videos they saw."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nitro_assets.lake.files.resume_state import SEEN, resume_state
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Subject
from nitro_assets.stores.training_states import destroy_half_trained, find
from nitro_ml.core.clip import Clip
from tests.assets.rows import ANNA, BERT
from tests.ml.moving import square_clip

INPUTS = {"code": "1", "training_mixture/ours": "0a1b"}


def clip(key: str) -> Clip:
    return replace(square_clip(1, frames=10), group=key)


def left(settings: Settings, partition: str, *clips: Clip, **inputs: str) -> Path:
    """The folder of a training that was killed."""
    with resume_state(settings, "policy_checkpoint", partition, INPUTS | inputs, clips) as kept:
        (kept.folder / "last.ckpt").write_bytes(b"weights")
    return kept.folder


def test_a_killed_training_finds_its_state_and_another_one_does_not(settings: Settings) -> None:
    first = left(settings, "a", clip(ANNA))
    assert left(settings, "a", clip(ANNA)) == first
    assert (first / "last.ckpt").exists()
    assert ANNA not in str(first)
    darker = replace(clip(ANNA), frames=np.zeros_like(clip(ANNA).frames))
    changes: list[tuple[list[Clip], dict[str, str]]] = [([clip(ANNA)], {"code": "2"}), ([darker], {}), ([], {})]
    for clips, inputs in changes:
        changed = left(settings, "a", *clips, **inputs)
        assert changed != first
        assert [p.name for p in changed.parent.iterdir()] == [changed.name], "what can't be gone on from is removed"


def test_an_error_removes_the_state_and_the_end_all_but_its_curves(lake: Lake, settings: Settings) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        resume_state(settings, "policy_checkpoint", "a", INPUTS, [clip(ANNA)]) as stopped,
    ):
        raise KeyboardInterrupt
    assert stopped.folder.exists()
    folder = left(settings, "a", clip(ANNA))
    with pytest.raises(OSError, match="full"), resume_state(settings, "policy_checkpoint", "a", INPUTS, [clip(ANNA)]):
        raise OSError("full")
    assert not folder.exists()
    with resume_state(settings, "policy_checkpoint", "a", INPUTS, [clip(ANNA)]) as kept:
        pass
    assert kept.folder == folder
    assert folder.exists(), "the artifact is not recorded yet"
    curves = kept.folder / "tensorboard" / "events.out.tfevents.1.here.2.0"
    curves.parent.mkdir()
    curves.write_bytes(b"loss")
    kept.remove()
    assert {p.name for p in folder.rglob("*") if p.is_file()} == {SEEN, curves.name}
    assert destroyed(lake, settings) == 1
    assert not folder.exists(), "they go with the videos they are of"


def destroyed(lake: Lake, settings: Settings, *made: tuple[str, str, str]) -> int:
    """How many states a takedown of Anna's video destroys; its plan tells the same number."""
    subject = Subject(lake, settings, (ANNA,), artifacts=made)
    planned = find(subject).counts["half-trained models"]
    assert destroy_half_trained(subject) == {"states": planned}
    return planned


def test_a_takedown_destroys_what_saw_the_video_or_was_made_from_it(lake: Lake, settings: Settings) -> None:
    hers, his = left(settings, "hers", clip(ANNA), clip(BERT)), left(settings, "his", clip(BERT))
    tainted = left(settings, "tainted", clip(BERT), **{"training_mixture/other": "ffff"})
    unknown = left(settings, "unknown", clip(BERT))
    (unknown / SEEN).write_text(json.dumps({"videos": [ANNA]})[:9])
    made = [("training_mixture", "other", "ffff"), ("training_mixture", "ours", "old")]
    assert destroyed(lake, settings, *made) == 3
    assert [p.exists() for p in (hers, his, tainted, unknown)] == [False, True, False, False]
    assert destroyed(lake, settings) == 0
