"""Windows a second for two laptop recipes, from memory, a folder and a bucket, beside what their training steps need.

Everything is measured in turns in one process, so that the ratios hold on a busy machine. Batches come from far more
footage than is kept decoded, so that each window is read and decoded.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.figures import Figure
from benchmarks.packing.clips import noise, play
from nitro_assets.lake.files.cache import ClipCache
from nitro_ml.core.clip import Clip
from nitro_ml.models.idm.config import load_recipe as load_idm
from nitro_ml.models.idm.data import Windows
from nitro_ml.models.idm.model import IDM
from nitro_ml.models.idm.train import Training as IDMTraining
from nitro_ml.models.idm.train import share_held
from nitro_ml.models.policy.config import load_recipe as load_policy
from nitro_ml.models.policy.data import Chunks
from nitro_ml.models.policy.model import PolicyNet
from nitro_ml.models.policy.train import Training as PolicyTraining
from nitro_ml.models.policy.vision import encoder
from nitro_ml.video.encoded.frames import decoded

LOCAL, BUCKET = 0.9, 0.8
SIZE = 64


def pace(quick: bool, bucket: str) -> Iterator[Figure]:
    """bucket: an address that clips may be stored at."""
    with tempfile.TemporaryDirectory(prefix="nitro-bench-") as folder:
        arrays = [
            Clip(shown, np.arange(len(shown)) / 30, game, game, noise(len(shown)))
            for game, shown in play(SIZE, quick).items()
        ]
        places = {"memory": arrays, "folder": _stored(folder, arrays), "bucket": _stored(bucket, arrays)}
        for name, made in (("idm/quick", _idm), ("policy/small", _policy)):
            yield from _figures(name, *made(places), rounds=2 if quick else 6)


def _stored(root: str, clips: list[Clip]) -> list[Clip]:
    cache = ClipCache(root)
    for clip in clips:
        cache.put(SIZE, clip.group, "0", np.asarray(clip.frames), clip.time)
    found = [(clip, cache.get(SIZE, clip.group, "0")) for clip in clips]
    return [replace(clip, frames=stored.rgb) for clip, stored in found if stored]


def _idm(places: dict[str, list[Clip]]) -> tuple[int, Any, dict[str, Any]]:
    recipe = load_idm("quick")
    model = IDM(recipe).train()
    samplers = {k: Windows(clips, recipe, model.offsets, recipe.augment, recipe.steps) for k, clips in places.items()}
    return recipe.stretches, IDMTraining(model, recipe, samplers["memory"], share_held(places["memory"])), samplers


def _policy(places: dict[str, list[Clip]]) -> tuple[int, Any, dict[str, Any]]:
    recipe = load_policy("small")
    samplers = {place: Chunks(clips, recipe) for place, clips in places.items()}
    net = PolicyNet(recipe, encoder(recipe)).train()
    return recipe.batch, PolicyTraining(net, recipe, samplers["memory"]), samplers


def _figures(name: str, windows: int, module: Any, samplers: dict[str, Any], rounds: int) -> Iterator[Figure]:
    found = module.configure_optimizers()
    optimizer = found["optimizer"] if isinstance(found, dict) else found
    batch = samplers["memory"].batch(0)

    def step() -> None:
        optimizer.zero_grad()
        module.loss(batch).backward()
        optimizer.step()

    seconds: dict[str, list[float]] = {key: [] for key in ("step", *samplers)}
    for number in range(rounds + 1):
        seconds["step"].append(_seconds(step))
        for place, sampler in samplers.items():
            decoded.clear()
            seconds[place].append(_seconds(lambda n=number, s=sampler: s.batch(n)))  # type: ignore[misc]
    per = {key: windows / median(found[1:]) for key, found in seconds.items()}
    yield Figure(f"{name}: what its training step takes", per["step"], "windows/s")
    for place in samplers:
        yield Figure(f"{name}: one loader, from {place}", per[place], "windows/s")
    fed = {place: 1 / (1 / per["step"] + 1 / per[place]) for place in samplers}
    yield Figure(f"{name}: training fed from a folder / from memory, no loader", fed["folder"] / fed["memory"], "ratio")
    yield Figure(f"{name}: one loader from a folder / the step's need", per["folder"] / per["step"], "ratio", LOCAL)
    pair = (min(per[place], per["step"]) for place in ("bucket", "folder"))
    yield Figure(f"{name}: a step fed from a bucket / from a folder", next(pair) / next(pair), "ratio", BUCKET)


def _seconds(do: Callable[[], Any]) -> float:
    started = time.perf_counter()
    with torch.enable_grad():
        do()
    return time.perf_counter() - started
