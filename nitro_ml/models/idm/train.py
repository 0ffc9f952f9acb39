"""Train an IDM: split by video, fit, calibrate on held-out videos, evaluate on others, and save."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.clip import Clip
from nitro_ml.core.labels import concat
from nitro_ml.core.progress import Progress, part
from nitro_ml.evaluation.unmeasured import unmeasured
from nitro_ml.models.idm.calibrate import fit_calibrator, probes, raw
from nitro_ml.models.idm.config import Augmentation, IDMRecipe
from nitro_ml.models.idm.data import Batch, Windows
from nitro_ml.models.idm.evaluate import evaluate
from nitro_ml.models.idm.label import FAMILIAR
from nitro_ml.models.idm.model import IDM, two_hot
from nitro_ml.models.idm.network.encoders import Siglip
from nitro_ml.models.idm.split import SETS, Split, split
from nitro_ml.training import checkpoint
from nitro_ml.training.checkpoint import Trained
from nitro_ml.training.device import default_device, seeded
from nitro_ml.training.muon import Muon
from nitro_ml.training.trainer import HeldOut, ResumableModule, fit

STICK_SHARE = 0.7  # of the sticks' loss beside the buttons'
NOTHING: Mapping[str, Any] = MappingProxyType({})
HELD_OUT = 24  # batches that the held-out loss is taken over


class Training(ResumableModule):
    """Binary cross-entropy over all 17 buttons, rare ones weighted up, and cross-entropy over the sticks' places."""

    def __init__(self, model: IDM, recipe: IDMRecipe, batches: Windows, prior: NDArray[np.float64]) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe
        self.batches = batches
        self.balance = torch.from_numpy(_balance(prior))
        odds = torch.from_numpy(prior / (1 - prior)).clamp(1e-4, 1e4)
        model.set_initial_bias(torch.log(odds * self.balance).float())

    def training_step(self, batch: Batch, _: int) -> Tensor:
        loss = self.loss(batch)
        self.log("loss", loss.detach())
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        self.log("held_out", self.loss(batch), batch_size=len(batch.frames), sync_dist=True)

    def loss(self, batch: Batch) -> Tensor:
        """Of the buttons and the sticks together."""
        out = self.model(encode(self.model, batch.frames))
        buttons = functional.binary_cross_entropy_with_logits(
            out.buttons, batch.buttons, pos_weight=self.balance.to(out.buttons.device), reduction="none"
        )
        sticks = functional.cross_entropy(out.bins.flatten(0, -2), two_hot(batch.sticks).flatten(0, -2))
        return buttons.sum(-1).mean() + STICK_SHARE * batch.sticks.shape[-1] * sticks

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        optimizer = Muon(*_hidden(self.model), recipe.learning_rate, recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, recipe.learning_rate, total_steps=recipe.steps, pct_start=0.1
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def train(
    recipe: IDMRecipe,
    clips: Sequence[Clip],
    root: str | Path,
    card: Mapping[str, Any] = NOTHING,
    progress: Progress | None = None,
    scratch: Path | None = None,
    frozen: Collection[str] = (),
) -> Trained:
    """Train on labelled clips of any games, from at least two videos, and save the checkpoint under `root`.

    - `card`: entries that are added to the checkpoint's card.
    - `progress`: is called with the share that is done, in [0, 1], and a text.
    - `scratch`: a folder for the resume state of this recipe and these clips.
    - `frozen`: the groups of videos that must stay held out (see `split`).

    The same recipe, clips and thread count give the same weights, bit for bit, even if the training was stopped and
    resumed from `scratch`. Raises `SplitError` for too few videos, `ClipError` for clips without actions or of another
    resolution, and `DeviceError` if the recipe needs a GPU and there is none.
    """
    _check(recipe, clips)
    return train_on(recipe, split(clips, recipe, frozen), Path(root), card, progress, scratch)


def train_on(
    recipe: IDMRecipe,
    parts: Split,
    root: Path,
    card: Mapping[str, Any],
    progress: Progress | None = None,
    scratch: Path | None = None,
) -> Trained:
    """Train like `train`, on clips that are already split."""
    whole = 1 + recipe.probe_share * probes(parts)
    model = _fitted(recipe, parts.train, parts.calibration, part(progress, 0, 1 / whole), scratch)

    def probe(clips: Sequence[Clip], held_out: Sequence[Clip], number: int) -> IDM:
        alone = recipe.hardware.model_copy(update={"devices": 1, "num_nodes": 1, "strategy": "auto"})
        steps = math.ceil(recipe.probe_share * recipe.steps)
        short = recipe.model_copy(update={"steps": steps, "hardware": alone})  # the other processes have ended
        before, after = (1 / whole + recipe.probe_share / whole * n for n in (number, number + 1))
        return _fitted(short, clips, held_out, part(progress, before, after), scratch and scratch / f"probe-{number}")

    trust = fit_calibrator(model, parts, share_held(parts.train), probe)
    labelled = {
        name: [(c, concat(list(trust.label([raw(model, c)], c.game)))) for c in getattr(parts, name)]
        for name in ("calibration", "test")
    }
    facts = {
        **card,
        **trust.card(),
        "kind": "idm",
        "recipe": recipe.model_dump(),
        **({"vision": model.encoder.vision.config.to_dict()} if isinstance(model.encoder, Siglip) else {}),
        "videos": {name: len({c.group for c in getattr(parts, name)}) for name in SETS},
        "not_measured": unmeasured(parts.videos_by_game()),
        **evaluate(labelled["test"], trust.calibration.thresholds, parts.train, labelled["calibration"]),
    }
    familiar = {FAMILIAR + name: torch.from_numpy(values) for name, values in trust.tensors().items()}
    return Trained(checkpoint.save(root, {**model.state_dict(), **familiar}, facts), facts)


def _fitted(
    recipe: IDMRecipe,
    clips: Sequence[Clip],
    held_out: Sequence[Clip],
    progress: Progress | None = None,
    scratch: Path | None = None,
) -> IDM:
    """A model trained on the clips, stopped early by its loss on those held out."""
    with seeded(recipe.seed):
        model = IDM(recipe)
        batches = Windows(clips, recipe, model.offsets, recipe.augment, recipe.steps)
        unseen = Windows(held_out, recipe, model.offsets, Augmentation(), HELD_OUT)
        fit(
            Training(model, recipe, batches, share_held(clips)),
            batches,
            recipe.steps,
            requires=recipe.requires,
            hardware=recipe.hardware,
            held_out=HeldOut(unseen, recipe.check, recipe.patience),
            progress=progress,
            scratch=scratch,
        )
    return model.eval().to(default_device())


def _hidden(model: IDM) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The weights of hidden layers that start from nothing, and all other parameters."""
    named = dict(model.named_parameters())
    hidden = {
        name
        for name, weight in named.items()
        if name.startswith(("encoder.", "temporal.")) and name.endswith(".weight") and weight.ndim > 1
        if not name.startswith("encoder.vision.")  # pretrained: it is to be changed little
    }
    return [named[name] for name in named if name in hidden], [named[name] for name in named if name not in hidden]


def share_held(clips: Sequence[Clip]) -> NDArray[np.float64]:
    """How often each button is held, float64 [17]."""
    buttons = [clip.actions.buttons for clip in clips if clip.actions]
    held: NDArray[np.int64] = sum((own.sum(axis=0) for own in buttons), np.zeros(len(BUTTONS), np.int64))
    return held / sum(map(len, buttons))


class ClipError(ValueError):
    """A clip that cannot be trained on."""


def encode(model: IDM, frames: Tensor) -> Tensor:
    """uint8 [B, n, S, S, 3] -> [B, T, width]: each frame once, beside those around it; those without are left out."""
    before, after = max(0, *(-o for o in model.offsets), 0), max(0, *model.offsets, 0)
    steps = frames.shape[1] - before - after
    views = [frames[:, before + o : before + o + steps].flatten(0, 1) for o in (0, *model.offsets)]
    return model.encode(views).unflatten(0, (len(frames), steps))


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
