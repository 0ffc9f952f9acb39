"""Training an IDM: split by video, fit, calibrate on held-out videos, evaluate on others, and save."""

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
from nitro_ml.idm.calibrate import calibrate
from nitro_ml.idm.data import Batch, Stretches
from nitro_ml.idm.infer import Raw, infer
from nitro_ml.idm.label import compare, stream
from nitro_ml.idm.model import IDM
from nitro_ml.idm.recipe import IDMRecipe
from nitro_ml.idm.split import split

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
    prior = np.concatenate([c.actions.buttons for c in parts.train if c.actions]).mean(axis=0)
    with seeded(recipe.seed):
        model = IDM(recipe)
        batches = Stretches(parts.train, recipe)
        module = Training(model, recipe, batches, prior)
        fit(module, batches, recipe.steps, requires=recipe.requires, progress=progress, scratch=scratch)
    model.eval()
    raws = {name: [_raw(model, c) for c in getattr(parts, name)] for name in ("calibration", "test")}
    truths = [c.actions for c in parts.calibration if c.actions]
    calibration = calibrate(raws["calibration"], truths, prior)
    labelled = {
        name: [(c, calibration.apply(raw)) for c, raw in zip(getattr(parts, name), raws[name], strict=True)]
        for name in raws
    }
    whole = {
        **card,
        "kind": "idm",
        "recipe": recipe.model_dump(),
        "calibration": calibration.to_dict(),
        "videos": {name: len({c.group for c in getattr(parts, name)}) for name in ("train", "calibration", "test")},
        "metrics": compare(labelled["test"], calibration.limits, parts.train, labelled["calibration"]),
    }
    return Trained(checkpoint.save(root, model.state_dict(), whole), whole)


class ClipError(ValueError):
    """A clip that cannot be trained on."""


def _raw(model: IDM, clip: Clip) -> Raw:
    parts = list(infer(model, stream(clip)))
    return Raw(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("time", "logits", "sticks")))


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
