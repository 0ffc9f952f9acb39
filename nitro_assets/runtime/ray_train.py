"""A training on several nodes: every process of it runs the same call under Ray Train, Lightning's strategy joins them.

Ray says who is who in torch's own environment variables, so that nothing below this file knows of Ray.
"""

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray
from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer

from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_ml.training.checkpoint import Trained, read_card
from nitro_ml.training.hardware import Hardware, SecondaryProcessError


def train_on_cluster(
    settings: Settings,
    hardware: Hardware,
    needs_gpu: bool,
    folder: Path,
    train: Callable[..., Trained],
    *arguments: Any,
) -> Trained:
    """`train(*arguments)` by num_nodes x devices processes; the first one's checkpoint, in the lake and in `folder`.

    The arguments go through Ray's object store once a node. A process that fails fails the training.
    """
    ray.init(address="auto", ignore_reinit_error=True)
    given = ray.put((train, arguments))

    def each(_: dict[str, Any]) -> str | None:
        function, values = ray.get(given)
        # Ray counts a node's processes by its address, Lightning by the recipe.
        node, local = divmod(ray.train.get_context().get_world_rank(), hardware.devices)
        os.environ |= {"NODE_RANK": str(node), "LOCAL_RANK": str(local)}
        try:
            return Checkpoints(Lake(settings)).put(function(*values).path)
        except SecondaryProcessError:
            return None

    lake, run = Lake(settings), f"training-{uuid.uuid4()}"
    processes = ScalingConfig(num_workers=hardware.processes, use_gpu=needs_gpu)
    kept = RunConfig(name=run, storage_path=f"{settings.lake}/messages")
    try:
        name = TorchTrainer(each, train_loop_config={}, scaling_config=processes, run_config=kept).fit().return_value
    finally:
        lake.fs.rm(f"{lake.root}/messages/{run}", recursive=True)
    lake.fs.invalidate_cache()  # another process wrote it
    path = folder / name
    lake.fs.get(f"{lake.root}/checkpoints/{name}/", f"{path}/", recursive=True)
    return Trained(path, read_card(path))
