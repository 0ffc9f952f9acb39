"""Training both world models: from a recipe and clips to checkpoints with their held-out figures on the card."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from nitro_ml.core.clip import Clip
from nitro_ml.models.world.config import WorldRecipe
from nitro_ml.models.world.data import Batch, Transitions
from nitro_ml.models.world.dynamics import DynamicsNet
from nitro_ml.models.world.evaluate import evaluate_dynamics, evaluate_latent
from nitro_ml.models.world.latent import LatentNet
from nitro_ml.models.world.load import WorldError
from nitro_ml.training import checkpoint
from nitro_ml.training.checkpoint import Trained
from nitro_ml.training.device import seeded
from nitro_ml.training.splits import hold_out
from nitro_ml.training.trainer import Progress, ResumableModule, fit

Net = TypeVar("Net", LatentNet, DynamicsNet)


class Training(ResumableModule):
    """AdamW on the net's own loss, with a one-cycle learning rate (arXiv 1708.07120)."""

    def __init__(self, net: LatentNet | DynamicsNet, batches: Transitions) -> None:
        super().__init__()
        self.net = net
        self.batches = batches

    def training_step(self, batch: Batch, _: int) -> Tensor:
        self.seed_step(self.batches.seed)
        return self.net.loss(batch)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        rate, steps = self.net.section.learning_rate, self.net.section.steps
        optimizer = torch.optim.AdamW(self.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Batch:
        return batch.to(device)


def train_latent(
    recipe: WorldRecipe,
    clips: Sequence[Clip],
    root: Path,
    card: Mapping[str, Any],
    progress: Progress | None = None,
    scratch: Path | None = None,
) -> Trained:
    """Learn latent actions from clips, labelled or not; evaluate on held-out videos, save under `root` as kind
    `latent`.

    The same recipe, clips and thread count give the same weights, also where a training that was stopped goes
    on from the state it kept in `scratch`. Raises `WorldError` where there is nothing to train
    on or the clips' resolution does not fit, `DeviceError` without a GPU that the recipe needs.
    """
    training, held_out = _prepare(clips, recipe, recipe.latent.size)
    net = _fitted(lambda: LatentNet(recipe.latent), training, recipe, progress, scratch)
    return _saved(root, net, "latent", recipe, {**card, "metrics": evaluate_latent(net, held_out, recipe.seed)})


def train_world(
    recipe: WorldRecipe,
    clips: Sequence[Clip],
    root: Path,
    card: Mapping[str, Any],
    progress: Progress | None = None,
    scratch: Path | None = None,
) -> Trained:
    """Learn the dynamics from labelled clips; evaluate on held-out videos, save under `root` as kind `world`.

    Clips without actions are passed over. Reproducible, and raises, as `train_latent`.
    """
    labelled = [clip for clip in clips if clip.actions is not None]
    training, held_out = _prepare(labelled, recipe, recipe.dynamics.size)
    net = _fitted(lambda: DynamicsNet(recipe.dynamics), training, recipe, progress, scratch)
    return _saved(root, net, "world", recipe, {**card, "metrics": evaluate_dynamics(net, held_out, recipe.seed)})


def _prepare(clips: Sequence[Clip], recipe: WorldRecipe, size: int) -> tuple[list[Clip], list[Clip]]:
    training, held_out = hold_out([clip for clip in clips if clip.weight > 0 and len(clip)])
    if not training:
        raise WorldError(f"world recipe {recipe.name}: found no usable clip to train on; give at least one.")
    for clip in training:
        if clip.frames.shape[1] % size:
            raise WorldError(
                f"Clip of {clip.group}: found frames of {clip.frames.shape[1]} pixels; "
                f"world recipe {recipe.name} takes multiples of its size, {size}."
            )
    return training, held_out


def _fitted(
    make: Callable[[], Net],
    clips: Sequence[Clip],
    recipe: WorldRecipe,
    progress: Progress | None,
    scratch: Path | None,
) -> Net:
    with seeded(recipe.seed):
        net = make()
        section = net.section
        batches = Transitions(clips, net.context, section.size, net.labelled, section.batch, recipe.seed)
        fit(
            Training(net, batches),
            batches,
            section.steps,
            requires=recipe.requires,
            hardware=recipe.hardware,
            progress=progress,
            scratch=scratch,
        )
    return net.eval()


def _saved(root: Path, net: torch.nn.Module, kind: str, recipe: WorldRecipe, card: dict[str, Any]) -> Trained:
    whole = {**card, "kind": kind, "recipe": recipe.model_dump()}
    return Trained(checkpoint.save(root, net.state_dict(), whole), whole)
