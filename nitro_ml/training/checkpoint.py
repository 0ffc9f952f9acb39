"""A checkpoint is a folder named by its content: `model.safetensors` and `card.json`. No pickles, no surprises."""

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from nitro_ml.core.licence import TERMS

FILES = ("model.safetensors", "card.json")


class CheckpointError(ValueError):
    """A folder that is no checkpoint, or whose content is not what its name says."""


@dataclass(frozen=True)
class Trained:
    """A finished checkpoint: its folder, and its card."""

    path: Path
    card: dict[str, Any]


def save(root: Path, state: dict[str, Tensor], card: dict[str, Any]) -> Path:
    """Write weights and card under `root`, in a folder named by their hash; the same content gives the same folder.

    `card` needs `kind` and `recipe`, and all the model needs to be rebuilt; `terms` is filled in where it is missing.
    Whole or not at all: the folder appears under its name only once both files are complete.
    """
    missing = [key for key in ("kind", "recipe") if key not in card]
    if missing:
        raise CheckpointError(f"card: {missing} missing; every card says its kind and recipe.")
    root.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=root))
    try:
        weights, text = (draft / name for name in FILES)
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}, weights)
        text.write_text(json.dumps({"terms": TERMS, **card}, indent=1, sort_keys=True, allow_nan=False) + "\n")
        draft.chmod(0o755)
        path = root / digest(draft)
        if not path.exists():
            draft.rename(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return path


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights (on the CPU) and card. Raises `CheckpointError` where a file is missing, unreadable or altered."""
    card = read_card(path)
    try:
        return load_file(path / FILES[0]), card
    except SafetensorError as error:
        raise CheckpointError(f"{path.name}/{FILES[0]}: not a safetensors file ({error}).") from error


def read_card(path: Path) -> dict[str, Any]:
    """The card alone, the hash of both files verified. Raises `CheckpointError` as `load` does."""
    missing = [name for name in FILES if not (path / name).is_file()]
    if missing:
        raise CheckpointError(f"{path.name}: {missing} missing; a checkpoint is a folder with {' and '.join(FILES)}.")
    found = digest(path)
    if found != path.name:
        raise CheckpointError(f"{path.name}: its files hash to {found}; the folder was altered or renamed.")
    card: dict[str, Any] = json.loads((path / FILES[1]).read_text())
    return card


def digest(path: Path) -> str:
    """32 hex digits over the bytes of both files."""
    whole = hashlib.blake2b(digest_size=16)
    for name in FILES:
        with (path / name).open("rb") as file:
            whole.update(hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest())
    return whole.hexdigest()
