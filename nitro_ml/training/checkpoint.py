"""A checkpoint is a folder of any name: `model.safetensors` and `card.json`. No pickles, no surprises.

The card holds the hash of the weights (`weights`) and, over everything else in it, its own (`hash`), by which the
checkpoint is known. Checkpoints made before the card had them are known by their folder's name alone.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from nitro_ml.core.licence import TERMS

FILES = ("model.safetensors", "card.json")
NAME = re.compile("[0-9a-f]{32}")
MEND = "fetch or copy it anew."


class CheckpointError(ValueError):
    """A folder that is no checkpoint, or whose content is not what its card or name says."""


@dataclass(frozen=True)
class Trained:
    """A finished checkpoint: its folder, and its card."""

    path: Path
    card: dict[str, Any]


def save(root: Path, state: dict[str, Tensor], card: Mapping[str, Any]) -> Path:
    """Write weights and card under `root`, in a folder named by the card's hash; the same content, the same folder.

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
        whole = json.loads(_text({"terms": TERMS, **card, "weights": _file_hash(weights).hex()}))  # as it is read
        name = card_hash(whole)
        text.write_text(_text({**whole, "hash": name}) + "\n")
        draft.chmod(0o755)
        path = root / name
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
    try:
        card = json.loads((path / FILES[1]).read_text())
    except ValueError as error:
        raise CheckpointError(f"{path.name}/{FILES[1]}: not JSON ({error}); {MEND}") from error
    if not isinstance(card, dict):
        raise CheckpointError(f"{path.name}/{FILES[1]}: found a {type(card).__name__}; a card is a mapping.")
    _verify(path, card)
    return card


def card_hash(card: Mapping[str, Any]) -> str:
    """32 hex digits over all that a card says but its `hash`; how the file is indented doesn't count."""
    said = {key: value for key, value in card.items() if key != "hash"}
    return hashlib.blake2b(_text(said).encode(), digest_size=16).hexdigest()


def _verify(path: Path, card: Mapping[str, Any]) -> None:
    if "hash" not in card:
        if (found := _older_hash(path)) != path.name:
            raise CheckpointError(
                f"{path.name}: its files hash to {found}, and its card names no hash; a checkpoint made before cards "
                f"had one loads from a folder of that name only. If it was renamed, name it {found}; else {MEND}"
            )
        return
    if (found := card_hash(card)) != card["hash"]:
        raise CheckpointError(f"{path.name}/{FILES[1]}: altered: it hashes to {found}, and says {card['hash']}; {MEND}")
    if (found := _file_hash(path / FILES[0]).hex()) != card["weights"]:
        raise CheckpointError(
            f"{path.name}/{FILES[0]}: altered: it hashes to {found}, and the card says {card['weights']}; {MEND}"
        )
    if NAME.fullmatch(path.name) and path.name != card["hash"]:
        raise CheckpointError(f"{path.name}: the folder is named as another checkpoint, this is {card['hash']}; {MEND}")


def _text(card: Mapping[str, Any]) -> str:
    return json.dumps(card, indent=1, sort_keys=True, allow_nan=False)


def _file_hash(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()


def _older_hash(path: Path) -> str:
    """Over the bytes of both files, as they were named by before cards held their hash."""
    return hashlib.blake2b(b"".join(_file_hash(path / name) for name in FILES), digest_size=16).hexdigest()
