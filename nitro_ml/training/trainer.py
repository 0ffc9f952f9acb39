"""One bounded, seeded Lightning fit for every model of the house."""

import logging
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from torch.distributed.fsdp import FullyShardedDataParallel

from nitro_ml.core.progress import Progress
from nitro_ml.training.device import check_device, fast_bfloat16
from nitro_ml.training.hardware import Hardware, SecondaryProcessError
from nitro_ml.training.sampler import Sampler

# Lightning's own use of torch, and the folder in which a training is gone on with: nothing a reader could mend.
WARNINGS = r"`isinstance\(treespec, LeafSpec\)`|Checkpoint directory .* is not empty"


class ResumableModule(L.LightningModule):
    """A training that goes on after a stop: with the batches it has not seen, and the same draws in each step.

    Of a training by several processes each has batches and draws of its own.
    """

    batches: Sampler[Any, Any]

    def on_fit_start(self) -> None:
        """The batches are those of this process."""
        self.batches.rank = self.global_rank

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """A stopped training goes on with the batches it has not seen."""
        self.batches.first = checkpoint["global_step"]

    def configure_gradient_clipping(
        self, optimizer: Any, gradient_clip_val: Any = None, gradient_clip_algorithm: Any = None
    ) -> None:
        """As Lightning does it, and where it does not: under FSDP the norm is over the shards of all processes."""
        if isinstance(self.trainer.model, FullyShardedDataParallel):
            self.trainer.model.clip_grad_norm_(gradient_clip_val)
        else:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def seed_step(self, seed: int) -> None:
        """What torch draws in a step follows from its number and the process."""
        torch.manual_seed(hash((seed, self.global_step)) + self.global_rank)


class _Report(Callback):
    def __init__(self, progress: Progress, steps: int) -> None:
        self.progress = progress
        self.steps = steps

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, outputs: Any, *_: Any) -> None:
        done = trainer.global_step
        if done % max(1, self.steps // 20) == 0 and trainer.is_global_zero:
            self.progress(done / self.steps, f"step {done} of {self.steps}, loss {float(outputs['loss']):.4f}")


@dataclass(frozen=True)
class HeldOut:
    """Batches never trained on: after every `check` steps their `held_out` loss is taken, and after `patience` checks
    without a better one the training ends. What is kept is the model with the best."""

    batches: Iterable[Any]
    check: int
    patience: int


def fit(
    module: L.LightningModule,
    batches: Iterable[Any],
    steps: int,
    *,
    requires: Literal["cpu", "gpu"] = "cpu",
    hardware: Hardware,
    held_out: HeldOut | None = None,
    progress: Progress | None = None,
    callbacks: Sequence[Callback] = (),
    scratch: Path | None = None,
) -> None:
    """Train `module` for `steps` steps. Raises `DeviceError` without a needed GPU and, in all processes of a training
    on several but the first, `SecondaryProcessError` once their part is done.

    With a `scratch` folder the training's
    state is kept there now and then, and one that was stopped goes on from it; `batches` then has to go on from where
    it was, too. The folder is its owner's to remove: a training that was finished goes quickly through its end again.
    """
    check_device(requires)
    with _folder(scratch) as folder, _quiet():
        last, best = folder / "last.ckpt", folder / "best.ckpt"
        own = list(callbacks)
        if scratch:
            own.append(_kept(folder, "last", every_n_train_steps=max(1, steps // 20)))
        if held_out:
            own.append(EarlyStopping("held_out", patience=held_out.patience, check_on_train_epoch_end=False))
            own.append(_kept(folder, "best", monitor="held_out", save_weights_only=True))
        if progress:
            own.append(_Report(progress, steps))
        trainer = L.Trainer(
            **_machine(requires, hardware),
            max_steps=steps,
            gradient_clip_val=1.0,
            callbacks=own,
            val_check_interval=held_out.check if held_out else None,
            check_val_every_n_epoch=None,
            num_sanity_val_steps=0,
            log_every_n_steps=10,
            logger=TensorBoardLogger(folder, name="", version="tensorboard") if scratch else False,
            enable_checkpointing=scratch is not None or held_out is not None,
            enable_progress_bar=progress is None and sys.stderr.isatty(),
            enable_model_summary=False,
        )
        loader: Any = partial(
            torch.utils.data.DataLoader,
            batch_size=None,
            num_workers=hardware.loaders,
            pin_memory=requires == "gpu",
        )
        unseen = loader(held_out.batches) if held_out else None
        trainer.fit(module, loader(batches), unseen, ckpt_path=last if last.exists() else None)
        if not trainer.is_global_zero:
            raise SecondaryProcessError
        if held_out and best.exists():
            module.load_state_dict(torch.load(best, map_location="cpu", weights_only=True)["state_dict"])


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's greetings, its tips for a logging service, and `WARNINGS`."""
    log = logging.getLogger("lightning.pytorch")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=WARNINGS)
            yield
    finally:
        log.setLevel(before)


def _kept(folder: Path, name: str, **how: Any) -> ModelCheckpoint:
    return ModelCheckpoint(folder, name, enable_version_counter=False, **how)


@contextmanager
def _folder(scratch: Path | None) -> Iterator[Path]:
    if scratch:
        yield scratch
        return
    with tempfile.TemporaryDirectory(prefix="nitro-fit-") as folder:
        yield Path(folder)


def _machine(requires: Literal["cpu", "gpu"], wanted: Hardware) -> dict[str, Any]:
    """The trainer's words for what it runs on."""
    # Of a GPU nothing is asked: processes that are forked later could not use it any more.
    half = wanted.precision == "auto" and (requires == "gpu" or fast_bfloat16("cpu"))
    return {
        "accelerator": requires,
        "precision": "bf16-mixed" if half or wanted.precision == "bfloat16" else "32-true",
        "devices": wanted.devices,
        "num_nodes": wanted.num_nodes,
        "strategy": wanted.strategy,
    }
