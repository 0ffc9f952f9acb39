"""NitroGen's released layout at its own size, without its file: random weights under the released names, 2 GB of them.

What an import takes, whether every bit comes back from import and export, what a chunk takes, and how far our resize is
from OpenCV's area filter, which upstream uses.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import torch
from torch import Tensor

from benchmarks.figures import Figure
from nitro_ml.games.registry import make
from nitro_ml.models.policy import flow
from nitro_ml.models.policy.released.folder import export_file, import_file
from nitro_ml.models.policy.released.net import ReleasedNet
from nitro_ml.models.policy.released.sizes import DIMENSIONS, HORIZON, Sizes, table
from nitro_ml.models.policy.released.weights import read_weights, write_weights
from nitro_ml.training import checkpoint
from nitro_ml.video.resize import resize

STEPS = 16
SMALL = Sizes(width=64, heads=4, image=64, vision_layers=2, mixer_layers=1, dit_layers=4)


def run(quick: bool = False) -> list[Figure]:
    """The figures; `quick` at a small size."""
    sizes = SMALL if quick else Sizes()
    with TemporaryDirectory(prefix="nitro-released-") as folder:
        found = [*_files(Path(folder), sizes)]
        return [*found, *_chunk(next(Path(folder).glob("*/model.safetensors")).parent, sizes), *_resize()]


def _files(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    drawn = torch.Generator().manual_seed(0)
    state = {name: 0.02 * torch.randn(shape, generator=drawn) for name, shape in table(sizes).items()}
    write_weights(folder / "ng.pt", state, {"ckpt_config": {}}, sizes)
    started = time.perf_counter()
    made = import_file(folder / "ng.pt", folder, sizes)
    yield Figure("import", time.perf_counter() - started, "s")
    started = time.perf_counter()
    export_file(made.path, folder / "again.pt")
    yield Figure("export", time.perf_counter() - started, "s")
    again = read_weights(folder / "again.pt", sizes).state
    other = sum(
        not torch.equal(again[name].view(torch.int32), value.view(torch.int32)) for name, value in state.items()
    )
    yield Figure("tensors that import and export changed", other, "tensors", 0, "lower")


def _chunk(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    net = ReleasedNet.of(sizes, checkpoint.load(folder)[0]).eval()
    pixels, eps = torch.zeros(1, 3, sizes.image, sizes.image), torch.zeros(1, HORIZON, DIMENSIONS)

    def once() -> Tensor:
        context = net.encode(pixels)
        return flow.integrate(lambda a_t, t: net(context, a_t, t), eps, STEPS)

    def each() -> Tensor:
        return flow.integrate(lambda a_t, t: net(net.encode(pixels), a_t, t), eps, STEPS)

    with torch.inference_mode():
        once()
        seconds = []
        for work in (once, each):
            started = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - started)
    yield Figure(f"a chunk of {STEPS} steps, float32, this CPU", seconds[0] * 1000, "ms")
    yield Figure("everything in each step / vision, mixer, keys and values once", seconds[1] / seconds[0], "ratio", 5.0)


def _resize() -> Iterator[Figure]:
    """Smaller than 256 x 256 and larger: an Atari's screen, ViZDoom's, and noise in the size of a video."""
    noise = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
    for name, screen in (("breakout", _screen("breakout")), ("basic", _screen("basic")), ("noise of 1080p", noise)):
        ours = resize(screen, 256).astype(np.int16)
        theirs = cv2.resize(screen, (256, 256), interpolation=cv2.INTER_AREA)
        off = np.abs(ours - theirs)
        height, width = screen.shape[:2]
        yield Figure(f"resize of {name}, {width} x {height}: mean difference", off.mean(), "grey levels")
        yield Figure(f"resize of {name}, {width} x {height}: largest difference", off.max(), "grey levels")


def _screen(game: str) -> np.ndarray:
    return make(game, 0).frame
