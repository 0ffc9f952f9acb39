"""Between a released checkpoint's file and a checkpoint folder, both ways, to the bit."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from nitro_ml.core.licence import TERMS
from nitro_ml.models.policy.released.archive import WeightsError
from nitro_ml.models.policy.released.net import ReleasedNet
from nitro_ml.models.policy.released.recipe import ReleasedRecipe
from nitro_ml.models.policy.released.sizes import Sizes
from nitro_ml.models.policy.released.weights import Progress, read_weights, write_weights
from nitro_ml.training import checkpoint
from nitro_ml.training.checkpoint import Trained

LAYOUT = "nitrogen"
"""What a card says under `layout`."""

CARRIED = ("layout", "sizes", "beside", "source", "terms")
"""What a card of this layout has beside the usual, and a fine-tuned one has from its start."""


def import_file(path: Path, root: Path, sizes: Sizes | None = None, progress: Progress | None = None) -> Trained:
    """A checkpoint folder under `root` with the weights of a released file; the same file gives the same folder.

    Raises `WeightsError` for a file that is not exactly of the layout; nothing in the file is run.
    """
    sizes = sizes or Sizes()
    weights = read_weights(path, sizes, progress)
    card = {
        "kind": "policy",
        "layout": LAYOUT,
        "recipe": ReleasedRecipe(resolution=sizes.image).model_dump(),
        "sizes": asdict(sizes),
        "beside": weights.beside,
        "source": {"sha256": weights.sha256, "bytes": weights.size, "foreign": weights.foreign},
        "terms": f"NitroGen's weights: under the non-commercial licence they were published with. {TERMS}",
        "metrics": {},
    }
    if progress:
        progress(0.6, "writing the checkpoint")
    return Trained(checkpoint.save(root, weights.state, card), card)


def export_file(folder: Path, out: Path) -> Path:
    """The file upstream's loader reads, with the tensors of a checkpoint folder of this layout.

    Raises `WeightsError` for another layout, `CheckpointError` for no checkpoint, `FileExistsError` for `out`.
    """
    state, card = checkpoint.load(folder)
    write_weights(out, state, card["beside"], restored_sizes(folder.name, card))
    return out


def restore(name: str, state: Mapping[str, Tensor], card: Mapping[str, Any]) -> tuple[ReleasedNet, ReleasedRecipe]:
    """The network of a checkpoint of this layout, with its weights, and how it plays."""
    return ReleasedNet.of(restored_sizes(name, card), state), ReleasedRecipe(**card["recipe"])


def restored_sizes(name: str, card: Mapping[str, Any]) -> Sizes:
    """The sizes on a card. Raises `WeightsError` for another kind or layout."""
    if card.get("kind") != "policy" or card.get("layout") != LAYOUT:
        raise WeightsError(
            f"{name}: found a {card.get('kind')} of layout {card.get('layout')!r}; allowed is a policy of layout "
            f"{LAYOUT!r}, as `nitro policy import` and a fine-tuning write it."
        )
    return Sizes(**card["sizes"])
