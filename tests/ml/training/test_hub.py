"""Checkpoints by address: from the hub as from a folder, again without a network, and what can't be had is named."""

from pathlib import Path

import pytest
import torch

from nitro_ml.training import checkpoint
from nitro_ml.training.checkpoint import CheckpointError
from nitro_ml.training.hub import folder
from tests.ml.training import hub


def test_a_published_checkpoint_loads_and_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = checkpoint.save(tmp_path / "made", {"w": torch.ones(3)}, {"kind": "idm", "recipe": {}})
    (published := tmp_path / "hub" / "anna" / "pong-idm").parent.mkdir(parents=True)
    made.rename(published)
    (published / "README.md").write_text("not needed")
    with hub.serve(tmp_path / "hub") as address:
        hub.connect(monkeypatch, address, tmp_path / "cache")
        fetched = folder("hf://anna/pong-idm")
        assert folder(f"hf://anna/pong-idm@{hub.COMMIT}") == fetched
        assert sorted(path.name for path in fetched.iterdir()) == sorted(checkpoint.FILES)
        assert checkpoint.load(fetched)[1]["hash"] == made.name
        with pytest.raises(CheckpointError, match=r"^hf://anna/nothing: can't be fetched \(.*check the name"):
            folder("hf://anna/nothing")
    assert folder("hf://anna/pong-idm") == fetched, "without a network"
    with pytest.raises(CheckpointError, match="can't be fetched"):
        folder("hf://anna/pong-idm@v2")
    (fetched / "model.safetensors").unlink()
    (fetched / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(CheckpointError, match=r"model.safetensors: altered: it hashes to"):
        checkpoint.load(fetched)


def test_what_is_no_address_of_a_checkpoint_is_refused(tmp_path: Path) -> None:
    assert folder(str(tmp_path)) == tmp_path.resolve()
    with pytest.raises(CheckpointError, match="there is no such folder"):
        folder(tmp_path / "nosuch")
    for address in ("hf://datasets/anna/pong", "s3://bucket/model", "hf://anna", "hf://anna/pong/../x"):
        with pytest.raises(CheckpointError, match=f"^{address}: no address of a checkpoint"):
            folder(address)
