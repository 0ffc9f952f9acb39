"""Training a policy: from a recipe and clips to a checkpoint with its held-out metrics on the card."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from nitro_ml import checkpoint
from nitro_ml.checkpoint import Trained
from nitro_ml.clip import Clip
from nitro_ml.fit import Progress, Resumable, fit, seeded
from nitro_ml.holdout import hold_out
from nitro_ml.policy import augment, flow
from nitro_ml.policy.data import Batch, Chunks
from nitro_ml.policy.evaluate import evaluate
from nitro_ml.policy.model import AnyNet, PolicyError, PolicyNet, to_pixels, vision_encoder
from nitro_ml.policy.recipe import AnyRecipe
from nitro_ml.policy.released.finetune import Finetuned
from nitro_ml.policy.released.recipe import FinetuneRecipe


class Training(Resumable):
    """AdamW on the flow-matching loss, with a warm-up / stable / decay learning rate."""

    def __init__(self, net: AnyNet, recipe: AnyRecipe, batches: Chunks) -> None:
        super().__init__()
        self.net = net
        self.recipe = recipe
        self.batches = batches

    def training_step(self, batch: Batch, _: int) -> Tensor:
        recipe = self.recipe
        self.seed_step(recipe.seed)
        pixels = to_pixels(batch.frames)
        if recipe.jitter:
            pixels = augment.colour(pixels, recipe.jitter)
        if recipe.degrees or recipe.crop:
            pixels = augment.view(pixels, recipe.degrees, recipe.crop)
        sight = self.net.see(pixels)
        a = batch.chunks.repeat_interleave(recipe.draws, 0)
        t = flow.draw_time(len(a), recipe.beta).to(a.device)
        mask = batch.mask.repeat_interleave(recipe.draws, 0)
        return flow.loss(lambda a_t, t: self.net(sight, a_t, t), a, torch.randn_like(a), t, mask)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        recipe = self.recipe
        optimizer = torch.optim.AdamW(self.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: plateau(step / recipe.steps, recipe))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Batch:
        return batch.to(device)


def plateau(progress: float, recipe: AnyRecipe) -> float:
    """The learning rate's share of its plateau after `progress` in [0, 1] of the training."""
    rising = (progress + 1 / recipe.steps) / recipe.warmup if recipe.warmup else 1.0
    falling = (1 - progress) / recipe.decay if recipe.decay else 1.0
    return max(0.0, min(1.0, rising, falling))


def train(
    recipe: AnyRecipe,
    clips: Sequence[Clip],
    root: Path,
    card: Mapping[str, Any],
    progress: Progress | None = None,
    scratch: Path | None = None,
) -> Trained:
    """Train on all but the held-out videos of `clips`, evaluate on those, save under `root`.

    clips: labelled, frames at the recipe's resolution. The same recipe, clips and thread count give the same weights,
    also where a training that was stopped goes on from the state it kept in `scratch`. Raises `PolicyError` where there
    is nothing to train on or a clip has another resolution, `DeviceError` without a GPU that the recipe needs.
    """
    training, held_out = hold_out([clip for clip in clips if clip.weight > 0 and len(clip)])
    _check(recipe, training)
    with seeded(recipe.seed):
        start = Finetuned(recipe) if isinstance(recipe, FinetuneRecipe) else None
        net = start.net if start else PolicyNet(recipe, vision_encoder(recipe)).train()
        batches = Chunks(training, recipe)
        module = Training(net, recipe, batches)
        net.normalise(batches.actions())
        # By interpolation, which leaves frozen weights as they are to the bit; averaged position ids would be off by one.
        average = WeightAveraging(use_buffers=False, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema))
        fit(
            module,
            batches,
            recipe.steps,
            requires=recipe.requires,
            progress=progress,
            callbacks=[average],
            scratch=scratch,
        )
    if start:
        start.merge()
    net.eval().to("cuda" if recipe.requires == "gpu" else "cpu")
    whole = {
        **card,
        "kind": "policy",
        "recipe": recipe.model_dump(),
        **(start.facts if start else {"vision": net.vision.config.to_dict()}),
        "metrics": evaluate(net, recipe, held_out),
    }
    return Trained(checkpoint.save(root, net.state_dict(), whole), whole)


def _check(recipe: AnyRecipe, clips: Sequence[Clip]) -> None:
    if not clips:
        raise PolicyError(f"policy recipe {recipe.name}: found no labelled clip to train on; give at least one.")
    side = recipe.resolution
    for clip in clips:
        if clip.frames.shape[1:] != (side, side, 3):
            raise PolicyError(
                f"Clip of {clip.group}: found frames {clip.frames.shape[1:]}, recipe {recipe.name} takes "
                f"({side}, {side}, 3); prepare clips at the recipe's resolution."
            )
