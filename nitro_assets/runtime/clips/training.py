"""Where a model is trained: in this worker, or by as many processes of the cluster as its recipe's `hardware` says."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from nitro_assets.runtime.clips.clip_loader import FETCHED
from nitro_assets.runtime.job import Job
from nitro_ml.core.clip import Clip
from nitro_ml.core.progress import part
from nitro_ml.recipes import RecipeError
from nitro_ml.training.checkpoint import Trained
from nitro_ml.training.device import check_device
from nitro_ml.training.hardware import Hardware

Train = Callable[..., Trained]
"""train(recipe, clips, root, card, progress, scratch)"""


class Recipe(Protocol):
    """What is asked of a recipe here: the side of the frames that it trains on, and what it runs on."""

    @property
    def name(self) -> str: ...

    @property
    def resolution(self) -> int: ...

    @property
    def requires(self) -> Literal["cpu", "gpu"]: ...

    @property
    def hardware(self) -> Hardware: ...


def check_startable(job: Job, recipe: Recipe) -> None:
    """Before anything is fetched: raises `DeviceError` without a GPU that is needed, and `RecipeError` for a training
    whose processes would each be this worker, waiting for its lease.
    """
    hardware = recipe.hardware
    if job.settings.engine != "local":
        return
    check_device(recipe.requires)
    forked = hardware.strategy == "ddp_fork" and hardware.num_nodes == 1
    if hardware.processes > 1 and not forked:
        raise RecipeError(
            f"{recipe.name}.yaml: hardware: found strategy {hardware.strategy!r} on {hardware.num_nodes} nodes, "
            "which needs this worker once a process; allowed is 'ddp_fork' on one, or any with NITRO_ENGINE=ray."
        )


def trained(
    job: Job, recipe: Recipe, train: Train, clips: Sequence[Clip], folder: Path, card: dict[str, Any], kept: Path
) -> Trained:
    """The checkpoint, in `folder`. A training here goes on from the state in `kept`; the processes of a cluster share
    no scratch disk.
    """
    if job.settings.engine == "ray" and recipe.hardware.processes > 1:
        from nitro_assets.runtime.ray_train import train_on_cluster

        gpu = recipe.requires == "gpu"
        return train_on_cluster(job.settings, recipe.hardware, gpu, folder, train, recipe, clips, folder, card)
    return train(recipe, clips, folder, card, part(job.progress, FETCHED, 1), kept)
