"""What one GPU does: labelling with the large recipe beside the limits of its parts, and a step of its training.

Floating point operations are those of matrix products and convolutions, as PyTorch counts them; the chip's peak is
measured in the same run.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.callbacks import Callback
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.figures import Figure, say
from benchmarks.inverse_dynamics.idm import labeller_of
from benchmarks.labelling.corpus import corpus, lanes, noise, there
from benchmarks.labelling.label import labelled
from nitro_assets.identity import shard_names
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_ml.models.idm.config import load_recipe
from nitro_ml.models.idm.data import Windows
from nitro_ml.models.idm.label import Labeller
from nitro_ml.models.idm.model import IDM
from nitro_ml.models.idm.train import Training, share_held
from nitro_ml.sandbox.video import Decoder
from nitro_ml.training.device import autocast, default_device
from nitro_ml.training.trainer import fit
from nitro_ml.video.decode import Frames

RECIPE = "window_h200"
WINDOWS = 32
"""Windows of a batch when the model alone is measured."""


def run(quick: bool = False) -> list[Figure]:
    """`quick` runs anywhere, on tiny inputs. Raises `RuntimeError` without a GPU otherwise."""
    if not quick and not torch.cuda.is_available():
        raise RuntimeError("bench gpu: CUDA finds no GPU; run it on a machine with one, or with --quick.")
    peak = _peak(256 if quick else 8192)
    found = [Figure("bfloat16 matrix products of the chip", peak / 1e12, "TFLOP/s")]
    for figure in chain(_training(peak, quick), _labelling(peak, quick)):
        say(f"{figure.name}: {figure.value:.3f} {figure.unit}")  # such a machine may be lent for minutes
        found.append(figure)
    return found


def _peak(side: int) -> float:
    a, b = (torch.randn(side, side, device=default_device(), dtype=torch.bfloat16) for _ in range(2))
    return float(2 * side**3 / _seconds(lambda: a @ b, 10))


def _labelling(peak: float, quick: bool) -> Iterator[Figure]:
    cores = 2 if quick else len(os.sched_getaffinity(0))
    videos, seconds = (2, 4) if quick else (2 * cores, 120)
    with corpus(2, videos, seconds, recipe=RECIPE, sites=1 if quick else cores) as here, lanes(cores):
        path = Checkpoints(here.lake).get(here.checkpoint)
        alone, flops = _model(Labeller(path).model, here.size, 2 if quick else WINDOWS)
        yield Figure("the model alone, frames on the GPU", alone, "frames a second")
        yield Figure("the model alone, share of the chip's peak", alone * flops / peak, "ratio")
        yield Figure("copying frames to the GPU alone, one process", _copied(here.size), "frames a second")
        with multiprocessing.get_context("spawn").Pool(cores) as pool:
            inferred = _together(pool, partial(_label, path, here.file), cores, here.frames)
            yield Figure("inference alone, a process a core, frames in memory", inferred, "frames a second")
            decoded = _together(pool, partial(_look, here.file, here.size), cores, here.frames)
            yield Figure("decode, resize and features alone, a process a core", decoded, "frames a second")
        warm_up, shard = shard_names(2)
        labelled(here, warm_up, cores)
        whole = videos * here.frames / labelled(here, shard, videos)[0]
    yield Figure("whole labelling, a lane a core", whole, "frames a second")
    yield Figure("whole labelling / its slower stage alone", whole / min(decoded, inferred), "ratio", 0.85)


@torch.inference_mode()
def _model(model: IDM, size: int, windows: int) -> tuple[float, float]:
    """Frames a second of encoder and temporal layers, and floating point operations a frame."""
    steps = windows * model.length
    views = [torch.randint(0, 256, (steps, size, size, 3), device=model.device, dtype=torch.uint8) for _ in range(2)]

    def forward() -> None:
        with autocast(model):
            encoded = model.encode(views).view(windows, model.length, -1)
            model(torch.cat([encoded, encoded[:, : 2 * model.edge]], 1))

    with FlopCounterMode(display=False) as counted:
        forward()
    return steps / _seconds(forward, 5), counted.get_total_flops() / steps


def _copied(size: int, frames: int = 256) -> float:
    pixels = torch.zeros(frames, size, size, 3, dtype=torch.uint8)
    return frames / _seconds(lambda: pixels.to(default_device()), 20)


def _together(pool: Any, work: Callable[[int], None], processes: int, frames: int) -> float:
    """Frames a second of all processes, after one round in which each gets ready."""
    for _ in range(2):
        started = time.perf_counter()
        pool.map(work, range(processes), chunksize=1)
    return processes * frames / (time.perf_counter() - started)


def _look(file: Path, size: int, _: int) -> None:
    for _seen in _decoder().look(file, size):
        pass


def _label(checkpoint: Path, file: Path, _: int) -> None:
    torch.set_num_threads(1)
    labeller = labeller_of(checkpoint)
    for _labels in labeller.label(_frames(file, labeller.resolution), "freeway"):
        pass


@cache
def _decoder() -> Decoder:
    return Decoder()


@cache
def _frames(file: Path, size: int) -> list[Frames]:
    return list(_decoder().read(file, size))


def _training(peak: float, quick: bool) -> Iterator[Figure]:
    recipe = load_recipe(RECIPE).model_copy(update={"requires": there(), "stretches": 1} if quick else {})
    warm, steps = (1, 3) if quick else (20, 120)
    clips = [noise(n, recipe.resolution, 200 if quick else 3000) for n in range(4)]
    model = IDM(recipe)
    batches = Windows(clips, recipe, model.offsets, recipe.augment, steps)
    module, clock = Training(model, recipe, batches, share_held(clips)), _Clock()
    fit(module, batches, steps, requires=recipe.requires, hardware=recipe.hardware, callbacks=[clock])
    frames = recipe.stretches * (recipe.length + 2 * recipe.edge)
    whole = (steps - warm) * frames / (clock.steps[-1] - clock.steps[warm - 1])
    alone, flops = _step(module.to(default_device()), batches)
    yield Figure("training, a step alone", frames / alone, "labelled frames a second")
    yield Figure("training, a step alone, share of the chip's peak", flops / alone / peak, "ratio")
    yield Figure("training with loading and augmentation", whole, "labelled frames a second")
    yield Figure("training with loading / a step alone", whole * alone / frames, "ratio")


def _step(module: Training, batches: Windows) -> tuple[float, int]:
    """Seconds of a step whose batch is on the device, and its floating point operations."""
    batch = type(first := batches.batch(0))(*(part.to(default_device()) for part in first))
    optimizer = module.configure_optimizers()["optimizer"]

    def step() -> None:
        with autocast(module.model):
            loss = module.loss(batch)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    with FlopCounterMode(display=False) as counted:
        step()
    return _seconds(step, 5), counted.get_total_flops()


class _Clock(Callback):
    """When each step ended."""

    def __init__(self) -> None:
        self.steps: list[float] = []

    def on_train_batch_end(self, *_: Any) -> None:
        self.steps.append(_now())


def _seconds(work: Callable[[], Any], times: int) -> float:
    """Of one call, the mean of some after two to warm up."""
    for _ in range(2):
        work()
    started = _now()
    for _ in range(times):
        work()
    return (_now() - started) / times


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
