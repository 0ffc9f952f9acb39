"""One bounded, seeded Lightning fit for every model of the house."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

Progress = Callable[[float, str], None]


class DeviceError(RuntimeError):
    """A recipe that needs a device this machine does not have."""


class _Report(Callback):
    def __init__(self, progress: Progress, steps: int) -> None:
        self.progress = progress
        self.steps = steps

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, outputs: Any, *_: Any) -> None:
        done = trainer.global_step
        if done % max(1, self.steps // 20) == 0:
            self.progress(done / self.steps, f"step {done} of {self.steps}, loss {float(outputs['loss']):.4f}")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's generators start from `seed` inside, and are as they were afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def fit(
    module: L.LightningModule,
    batches: Iterable[Any],
    steps: int,
    *,
    requires: Literal["cpu", "gpu"] = "cpu",
    progress: Progress | None = None,
    callbacks: Sequence[Callback] = (),
    scratch: Path | None = None,
) -> None:
    """Train `module` for `steps` steps: float32 on the CPU, bfloat16 on GPUs. Raises `DeviceError` without a needed
    GPU.

    With a `scratch` folder the training's state is kept there now and then, and one that was stopped goes on from it;
    `batches` then has to go on from where it was, too. The state is removed at the end.
    """
    if requires == "gpu" and not torch.cuda.is_available():
        raise DeviceError(
            "The recipe says requires: gpu, and CUDA finds none; choose a recipe for the CPU, such as small."
        )
    kept = scratch / "last.ckpt" if scratch else None
    if scratch:
        every = max(1, steps // 20)
        keep = ModelCheckpoint(scratch, "last", every_n_train_steps=every, enable_version_counter=False)
        callbacks = [*callbacks, keep]
    trainer = L.Trainer(
        accelerator=requires,
        precision="bf16-mixed" if requires == "gpu" else "32-true",
        max_steps=steps,
        gradient_clip_val=1.0,
        callbacks=[*callbacks, *([_Report(progress, steps)] if progress else [])],
        logger=False,
        enable_checkpointing=scratch is not None,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    loader: Any = torch.utils.data.DataLoader(batches, batch_size=None)  # type: ignore[arg-type]
    trainer.fit(module, loader, ckpt_path=kept if kept and kept.exists() else None)
    if kept:
        kept.unlink(missing_ok=True)
