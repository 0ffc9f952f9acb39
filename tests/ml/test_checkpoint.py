"""A checkpoint's name is its content."""

from pathlib import Path

import pytest
import torch

from nitro_ml.core.licence import TERMS
from nitro_ml.training import checkpoint
from nitro_ml.training.checkpoint import CheckpointError

CARD = {"kind": "idm", "recipe": {"name": "tiny"}}


def test_round_trip_under_a_name_that_follows_from_the_content(tmp_path: Path) -> None:
    state = {"w": torch.randn(3, 4), "b": torch.zeros(2, dtype=torch.int64)}
    path = checkpoint.save(tmp_path, state, CARD)
    loaded, card = checkpoint.load(path)
    assert all(torch.equal(loaded[k], state[k]) for k in state)
    assert card["terms"] == TERMS
    assert checkpoint.save(tmp_path, state, CARD) == path
    assert checkpoint.save(tmp_path, state, {**CARD, "metrics": {}}) != path
    assert sorted(p.name for p in tmp_path.iterdir() if p != path and p.name.startswith(".")) == []


@pytest.mark.parametrize("file", checkpoint.FILES)
def test_an_altered_file_is_noticed(tmp_path: Path, file: str) -> None:
    path = checkpoint.save(tmp_path, {"w": torch.ones(3)}, CARD)
    content = bytearray((path / file).read_bytes())
    content[-3] ^= 1
    (path / file).write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{path.name}: its files hash to"):
        checkpoint.load(path)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, {"w": torch.ones(3)}, CARD)
    (path / "card.json").unlink()
    with pytest.raises(CheckpointError, match=r"\['card.json'\] missing"):
        checkpoint.load(path)
    with pytest.raises(CheckpointError, match=r"\['recipe'\] missing"):
        checkpoint.save(tmp_path, {}, {"kind": "idm"})
