"""Training an IDM: split by video, fit, calibrate on held-out videos, evaluate on others, and save."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nitro_ml import checkpoint
from nitro_ml.checkpoint import Trained
from nitro_ml.clip import Clip
from nitro_ml.fit import Progress, fit, seeded
from nitro_ml.idm.calibrate import raw, trusted
from nitro_ml.idm.data import Batch, Stretches
from nitro_ml.idm.label import FAMILIAR, compare
from nitro_ml.idm.model import IDM
from nitro_ml.idm.recipe import IDMRecipe
from nitro_ml.idm.split import split
from nitro_ml.labels import concat

STICK_SHARE = 4.0  # of the sticks' loss beside the buttons'


class Training(L.LightningModule):
    """Binary cross-entropy over all 17 buttons, rare ones weighted up, and a robust loss on the sticks."""

    def __init__(self, model: IDM, recipe: IDMRecipe, batches: Stretches, prior: NDArray[np.float64]) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe
        self.batches = batches
        self.balance = torch.from_numpy(_balance(prior))
        odds = torch.from_numpy(prior / (1 - prior)).clamp(1e-4, 1e4)
        model.expect(torch.log(odds * self.balance).float())

    def training_step(self, batch: Batch, _: int) -> Tensor:
        stretches, steps = batch.frames.shape[0], batch.frames.shape[1] - 1
        now, later = batch.frames[:, :-1].flatten(0, 1), batch.frames[:, 1:].flatten(0, 1)
        out = self.model(self.model.encode(now, later).unflatten(0, (stretches, steps)))
        buttons = functional.binary_cross_entropy_with_logits(
            out.buttons, batch.buttons, pos_weight=self.balance.to(out.buttons.device), reduction="none"
        )
        return buttons.sum(-1).mean() + STICK_SHARE * functional.smooth_l1_loss(out.sticks, batch.sticks, beta=0.1)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """A stopped training goes on with the batches it has not seen."""
        self.batches.first = checkpoint["global_step"]

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        optimizer = torch.optim.AdamW(self.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, recipe.learning_rate, total_steps=recipe.steps, pct_start=0.1
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def train(
    recipe: IDMRecipe,
    clips: Sequence[Clip],
    root: Path,
    card: Mapping[str, Any],
    progress: Progress | None = None,
    scratch: Path | None = None,
) -> Trained:
    """Train on labelled clips of any games, of one at least three videos, and save under `root`.

    The same recipe, clips and thread count give the same weights, bit for bit, also where a training that was stopped
    goes on from the state it kept in `scratch`, a folder of this recipe and these clips. `card` is taken into the
    checkpoint's card. Raises `SplitError` for too few videos, `ClipError` for clips without actions or of another
    resolution, and `DeviceError` without a GPU that the recipe needs.
    """
    _check(recipe, clips)
    parts = split(clips, recipe)
    model = _fitted(recipe, parts.train, progress, scratch)

    def probe(clips: Sequence[Clip], number: int) -> IDM:
        short = recipe.model_copy(update={"steps": math.ceil(recipe.probe_share * recipe.steps)})
        return _fitted(short, clips, progress, scratch and scratch / f"probe-{number}")

    trust = trusted(model, parts, _prior(parts.train), probe)
    labelled = {
        name: [(c, concat(list(trust.label([raw(model, c)], c.game)))) for c in getattr(parts, name)]
        for name in ("calibration", "test")
    }
    whole = {
        **card,
        **trust.card(),
        "kind": "idm",
        "recipe": recipe.model_dump(),
        "videos": {name: len({c.group for c in getattr(parts, name)}) for name in ("train", "calibration", "test")},
        "metrics": compare(labelled["test"], trust.calibration.limits, parts.train, labelled["calibration"]),
    }
    familiar = {FAMILIAR + name: torch.from_numpy(values) for name, values in trust.tensors().items()}
    return Trained(checkpoint.save(root, {**model.state_dict(), **familiar}, whole), whole)


def _fitted(recipe: IDMRecipe, clips: Sequence[Clip], progress: Progress | None, scratch: Path | None) -> IDM:
    """A model trained on these clips."""
    with seeded(recipe.seed):
        model = IDM(recipe)
        batches = Stretches(clips, recipe)
        module = Training(model, recipe, batches, _prior(clips))
        fit(module, batches, recipe.steps, requires=recipe.requires, progress=progress, scratch=scratch)
    return model.eval()


def _prior(clips: Sequence[Clip]) -> NDArray[np.float64]:
    """How often each button is held, float64 [17]."""
    prior: NDArray[np.float64] = np.concatenate([c.actions.buttons for c in clips if c.actions]).mean(axis=0)
    return prior


class ClipError(ValueError):
    """A clip that cannot be trained on."""


def _balance(prior: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weight of a held frame: the root of (not held / held), so that rare buttons are learned; 1 for unseen ones."""
    odds = (1 - prior) / np.maximum(prior, 1e-6)
    return np.where(prior > 0, np.sqrt(odds).clip(1, 8), 1).astype(np.float32)


def _check(recipe: IDMRecipe, clips: Sequence[Clip]) -> None:
    side = recipe.resolution
    for clip in clips:
        if clip.actions is None or clip.frames.shape[1:] != (side, side, 3):
            found = "no actions" if clip.actions is None else f"frames {clip.frames.shape[1:]}"
            raise ClipError(
                f"Clip of {clip.group}: found {found}; {recipe.name} takes labelled clips, ({side}, {side}, 3)."
            )
