"""A checkpoint is known by its content, whatever its folder is called."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from nitro_ml.core.licence import TERMS
from nitro_ml.training import checkpoint
from nitro_ml.training.checkpoint import CheckpointError

CARD = {"kind": "idm", "recipe": {"name": "tiny"}, "metrics": {"ä": {2: 0.1, 10: 1e-7}}}


def test_round_trip_under_a_name_that_follows_from_the_content(tmp_path: Path) -> None:
    state = {"w": torch.randn(3, 4), "b": torch.zeros(2, dtype=torch.int64)}
    path = checkpoint.save(tmp_path, state, CARD)
    loaded, card = checkpoint.load(path)
    assert all(torch.equal(loaded[k], state[k]) for k in state)
    assert card["terms"] == TERMS
    assert card["hash"] == path.name
    assert checkpoint.save(tmp_path, state, CARD) == path
    assert checkpoint.save(tmp_path, state, card) == path, "what was loaded is saved as what it is"
    assert checkpoint.save(tmp_path, state, {**CARD, "metrics": {}}) != path
    assert checkpoint.save(tmp_path, {**state, "w": torch.ones(1)}, CARD) != path
    assert sorted(p.name for p in tmp_path.iterdir() if p != path and p.name.startswith(".")) == []


def test_a_folder_of_any_name_loads_but_not_under_the_hash_of_another(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, {"w": torch.ones(3)}, CARD)
    mine = path.rename(tmp_path / "my best one")
    card = checkpoint.load(mine)[1]
    (mine / "card.json").write_text(json.dumps(card))
    assert checkpoint.load(mine)[1] == card, "indented otherwise, it says the same"
    wrong = mine.rename(tmp_path / ("0" * 32))
    with pytest.raises(CheckpointError, match=f"is named as another checkpoint, this is {path.name}"):
        checkpoint.load(wrong)


@pytest.mark.parametrize(
    ("file", "old", "new"), [("model.safetensors", b"\x80?", b"\x80@"), ("card.json", b"1e", b"2e")]
)
def test_an_altered_file_is_named(tmp_path: Path, file: str, old: bytes, new: bytes) -> None:
    path = checkpoint.save(tmp_path, {"w": torch.ones(3)}, CARD).rename(tmp_path / "mine")
    content = (path / file).read_bytes()
    assert old in content
    (path / file).write_bytes(content.replace(old, new, 1))
    with pytest.raises(CheckpointError, match=f"^mine/{file}: altered: it hashes to .* fetch or copy it anew"):
        checkpoint.load(path)


def test_one_made_before_cards_held_a_hash_is_verified_by_its_name(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, {"w": torch.ones(3)}, CARD)
    card = json.loads((path / "card.json").read_text())
    (path / "card.json").write_text(json.dumps({k: v for k, v in card.items() if k not in ("hash", "weights")}))
    whole = hashlib.blake2b(digest_size=16)
    for name in checkpoint.FILES:
        whole.update(hashlib.blake2b((path / name).read_bytes(), digest_size=16).digest())
    with pytest.raises(CheckpointError, match=f"hash to {whole.hexdigest()}.*If it was renamed, name it"):
        checkpoint.load(path)
    older = path.rename(tmp_path / whole.hexdigest())
    assert checkpoint.load(older)[1]["kind"] == "idm"


def test_what_is_missing_or_no_card_is_named(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, {"w": torch.ones(3)}, CARD)
    (path / "card.json").write_text("[")
    with pytest.raises(CheckpointError, match=r"card.json: not JSON"):
        checkpoint.load(path)
    (path / "card.json").unlink()
    with pytest.raises(CheckpointError, match=r"\['card.json'\] missing"):
        checkpoint.load(path)
    with pytest.raises(CheckpointError, match=r"\['recipe'\] missing"):
        checkpoint.save(tmp_path, {}, {"kind": "idm"})
