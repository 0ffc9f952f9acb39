"""Training a policy: from a recipe and clips to a checkpoint with its held-out metrics on the card."""

import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from nitro_ml.core.clip import Clip
from nitro_ml.models.policy import augment, flow
from nitro_ml.models.policy.config import AnyRecipe, PolicyRecipe
from nitro_ml.models.policy.dagger import corrections
from nitro_ml.models.policy.data import Batch, Chunks
from nitro_ml.models.policy.evaluate import evaluate
from nitro_ml.models.policy.model import AnyNet, Context, PolicyNet, to_pixels
from nitro_ml.models.policy.play.agent import Policy
from nitro_ml.models.policy.released.finetune import Finetuned
from nitro_ml.models.policy.released.recipe import FinetuneRecipe
from nitro_ml.models.policy.select import Averaged, choose, kept_steps, playable
from nitro_ml.models.policy.vision import Convolved, PolicyError, Siglip, encoder
from nitro_ml.training import checkpoint
from nitro_ml.training.checkpoint import Trained
from nitro_ml.training.device import seeded
from nitro_ml.training.muon import Muon
from nitro_ml.training.splits import hold_out
from nitro_ml.training.trainer import Progress, ResumableModule, fit


class Training(ResumableModule):
    """The flow-matching loss and that of the guess, with a warm-up / stable / decay learning rate."""

    def __init__(self, net: AnyNet, recipe: AnyRecipe, batches: Chunks) -> None:
        super().__init__()
        self.net = net
        self.recipe = recipe
        self.batches = batches

    def training_step(self, batch: Batch, _: int) -> Tensor:
        self.seed_step(self.recipe.seed)
        return self.loss(batch)

    def loss(self, batch: Batch) -> Tensor:
        """Of the flow, and where the recipe has one of the guess, in units of each number's spread."""
        recipe = self.recipe
        context = self.net.encode(augment.augmented(to_pixels(batch.frames), recipe))
        a = batch.chunks.repeat_interleave(recipe.draws, 0)
        t = flow.draw_time(len(a), recipe.beta).to(a.device)
        mask = batch.mask.repeat_interleave(recipe.draws, 0)
        spread = self.net.spread
        # So that rare buttons count, at any flow time; upstream's flow counts in ones.
        unit = None if spread is None else flow.precondition(t[:, None, None], spread)[2]
        loss = flow.loss(lambda a_t, t: self.net(context, a_t, t), a, torch.randn_like(a), t, mask, unit)
        if isinstance(self.net, PolicyNet) and isinstance(context, Context) and recipe.guess:
            loss = loss + recipe.guess * self.net.guess_loss(context, batch.chunks, batch.mask)
        return loss

    def configure_optimizers(self) -> OptimizerLRScheduler:
        recipe = self.recipe
        hidden, others = _hidden(self.net) if recipe.optimizer == "muon" else ([], list(self.parameters()))
        optimizer = Muon(hidden, others, recipe.learning_rate, recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: plateau(step / recipe.steps, recipe))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Batch:
        return batch.to(device)


def _hidden(net: AnyNet) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The weights that learn by Muon, and all others: filters and transformer layers that start from nothing.

    The dense layer after the filters is too large for it to pay, and pretrained vision is to be changed little.
    """
    named = dict(net.named_parameters())
    own = ("layers.", "mixer.", *(("vision.stack.",) if isinstance(net.vision, Convolved) else ()))
    hidden = {name for name, weight in named.items() if name.startswith(own) and weight.ndim > 1}
    return [named[name] for name in named if name in hidden], [named[name] for name in named if name not in hidden]


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

    Where the recipe has `episodes` and the clips' games are in the arcade, the best of its `candidates` at play is
    kept, and the card has them all; elsewhere the last one. clips: labelled, frames at the recipe's resolution. The
    same recipe, clips and thread count give the same weights, also where a training that was stopped goes on from the
    state it kept in `scratch`. Raises `PolicyError` where there is nothing to train on or a clip has another
    resolution, `DeviceError` without a GPU that the recipe needs.
    """
    training, held_out = hold_out([clip for clip in clips if len(clip)])
    training = [clip for clip in training if clip.weight > 0]
    _check(recipe, training)
    training += _corrected(recipe, training, progress, scratch)
    steps = kept_steps(recipe.steps, recipe.candidates)
    with seeded(recipe.seed), tempfile.TemporaryDirectory(prefix="nitro-policy-") as folder:
        start = Finetuned(recipe) if isinstance(recipe, FinetuneRecipe) else None
        net = start.net if start else _fresh(recipe)
        batches = Chunks(training, recipe)
        net.normalise(batches.actions())
        if isinstance(net.vision, Convolved):
            net.vision.normalise(to_pixels(batches.sample().frames))
        averaged = Averaged(recipe.ema, steps, scratch or Path(folder))
        fit(
            Training(net, recipe, batches),
            batches,
            recipe.steps,
            requires=recipe.requires,
            hardware=recipe.hardware,
            progress=progress,
            callbacks=[averaged],
            scratch=scratch,
        )
        net.eval().to("cuda" if recipe.requires == "gpu" else "cpu")
        policy = Policy(net, recipe, {})
        games = playable({clip.game for clip in training}) if recipe.episodes else []
        offline = partial(evaluate, net, recipe, held_out)
        candidates = choose(policy, scratch or Path(folder), steps, games, recipe.episodes, offline) if games else []
        if start:
            start.merge()
    whole = {
        **card,
        "kind": "policy",
        "recipe": recipe.model_dump(),
        **({"vision": net.vision.vision.config.to_dict()} if isinstance(net.vision, Siglip) else {}),
        **(start.facts if start else {}),
        "candidates": candidates,
        "metrics": offline(),
    }
    return Trained(checkpoint.save(root, net.state_dict(), whole), whole)


def _fresh(recipe: AnyRecipe) -> PolicyNet:
    assert isinstance(recipe, PolicyRecipe)  # the other kind starts from weights
    return PolicyNet(recipe, encoder(recipe)).train()


def _corrected(recipe: AnyRecipe, clips: Sequence[Clip], progress: Progress | None, scratch: Path | None) -> list[Clip]:
    """What experts did where the rounds' policies had brought them; each of those is trained on all before."""
    found: list[Clip] = []
    if not recipe.corrections:
        return found
    short = recipe.model_copy(update={"corrections": None, "candidates": 1, "episodes": 0})
    for number in range(recipe.corrections.rounds):
        with tempfile.TemporaryDirectory(prefix="nitro-policy-") as folder:
            own = scratch and scratch / f"round-{number}"
            policy = Policy.load(train(short, [*clips, *found], Path(folder), {}, progress, own).path)
        for game in playable({clip.game for clip in clips}):
            found += corrections(policy, game, recipe.corrections.minutes, number)
    return found


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
