"""How fast a policy trains and plays: ratios, each pair measured in turns in one run."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import SiglipVisionConfig, SiglipVisionModel

from benchmarks.figures import Figure
from nitro_ml.core.actions import Actions
from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import RATE
from nitro_ml.games.env import Game
from nitro_ml.games.registry import make
from nitro_ml.models.policy import flow
from nitro_ml.models.policy.chunk import DIMENSIONS
from nitro_ml.models.policy.config import PolicyRecipe, load_recipe
from nitro_ml.models.policy.data import Batch, Chunks
from nitro_ml.models.policy.model import PolicyNet, to_pixels
from nitro_ml.models.policy.play.agent import Policy
from nitro_ml.models.policy.play.live import LivePlayer
from nitro_ml.models.policy.train import Training
from nitro_ml.models.policy.vision import Siglip, encoder
from nitro_ml.training.device import seeded
from nitro_ml.training.trainer import fit


def figures(quick: bool) -> Iterator[Figure]:
    """Training, a chunk of the full-size network, and play in real time."""
    yield _training(quick)
    yield from _chunk(quick)
    yield from _real_time(quick)


def _noise(recipe: PolicyRecipe, frames: int) -> Clip:
    rng = np.random.default_rng(0)
    side = recipe.resolution
    shown = rng.integers(0, 256, (frames, side, side, 3), np.uint8)
    held = Actions(rng.random((frames, 17)) < 0.2, rng.uniform(-1, 1, (frames, 4)).astype(np.float32))
    return Clip(shown, np.arange(frames) / RATE, "noise", "noise", held)


def _training(quick: bool) -> Figure:
    """Samples a second of a whole training, loading and bookkeeping included, over those of the bare network and its
    optimiser on one batch that stays in memory."""
    recipe = load_recipe("small")
    steps = 4 if quick else 60
    clips = [_noise(recipe, 200 if quick else 3000)]
    ratios = []
    for _ in range(1 if quick else 5):
        whole = _seconds(partial(_fit, recipe, clips, steps))
        bare = _seconds(partial(_bare, recipe, clips, steps))
        ratios.append(bare / whole)
    return Figure("small: training samples a second / the bare network's", median(ratios), "ratio", 0.9)


def _fit(recipe: PolicyRecipe, clips: list[Clip], steps: int) -> Callable[[], None]:
    with seeded(0):
        net = PolicyNet(recipe, encoder(recipe)).train()
    batches = Chunks(clips, recipe)
    return lambda: fit(
        Training(net, recipe, batches), batches, steps, hardware=recipe.hardware, progress=lambda *_: None
    )


def _bare(recipe: PolicyRecipe, clips: list[Clip], steps: int) -> Callable[[], None]:
    with seeded(0):
        net = PolicyNet(recipe, encoder(recipe)).train()
    module = Training(net, recipe, Chunks(clips, recipe))
    optimizer: Any = module.configure_optimizers()
    batch: Batch = next(islice(iter(module.batches), 1))

    def run() -> None:
        for _ in range(steps):
            loss = module.loss(batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer["optimizer"].step()
            optimizer["optimizer"].zero_grad()

    return run


def _chunk(quick: bool) -> Iterator[Figure]:
    """A chunk of the full-size network, and of the same network that computes everything in each step."""
    recipe = load_recipe("full")
    config = {"image_size": 256, "patch_size": 16, "hidden_size": 1024, "intermediate_size": 4096}
    config |= {"num_hidden_layers": 24, "num_attention_heads": 16}
    if quick:
        recipe = recipe.model_copy(update={"resolution": 32, "width": 64, "heads": 4})
        config |= {"image_size": 32, "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1}
    net = PolicyNet(recipe, Siglip(SiglipVisionModel(SiglipVisionConfig(**config, vision_use_head=False)), 1)).eval()
    side, steps = recipe.resolution, recipe.euler_steps
    pixels = to_pixels(torch.zeros(1, 1, side, side, 3, dtype=torch.uint8))
    eps = torch.zeros(1, recipe.horizon, DIMENSIONS)

    def once() -> Tensor:
        context = net.encode(pixels)
        return flow.integrate(lambda a_t, t: net(context, a_t, t), eps, steps)

    def each() -> Tensor:
        return flow.integrate(lambda a_t, t: net(net.encode(pixels), a_t, t), eps, steps)

    with torch.inference_mode():
        once()
        fast, slow = _seconds(lambda: once), _seconds(lambda: each)
    yield Figure(f"full: a chunk of {steps} steps", fast * 1000, "ms")
    yield Figure("full: everything in each step / vision, mixer, keys and values once", slow / fast, "ratio", 5.0)


def _real_time(quick: bool) -> Iterator[Figure]:
    """The small policy with the game running: how much of a frame's time it takes to look, think and step the game."""
    recipe = load_recipe("small")
    with seeded(0):
        policy = Policy(PolicyNet(recipe, encoder(recipe)), recipe, {})
    torch.set_num_threads(1)
    for name in ("breakout", "basic"):
        late = _paced(policy, make(name, 0), 30 if quick else 300)
        yield Figure(f"small: frames of {name} shown in time at 30 Hz, the game running", late, "share", 0.99)


def _paced(policy: Policy, game: Game, frames: int) -> float:
    """The share of frames that are ready when a screen of 30 Hz shows them; the policy thinks while the game runs."""
    at_pad = LivePlayer(policy, game, np.random.default_rng(0))
    due, ready = time.perf_counter(), 0
    with at_pad:
        for _ in range(frames):
            if game.advance(at_pad.act()).done:
                game.reset()
            due += 1 / RATE
            left = due - time.perf_counter()
            ready += left >= 0
            time.sleep(max(0.0, left))
            due = max(due, time.perf_counter() - 1 / RATE)
    return ready / frames


def _seconds(prepared: Callable[[], Callable[[], Any]]) -> float:
    work = prepared()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
