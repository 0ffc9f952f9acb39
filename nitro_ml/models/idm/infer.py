"""Streaming inference: every frame is encoded once, memory is bounded, and the batches' borders leave no trace.

A block is read by windows like those of the training, which overlap by the edges that no action is taken from. They run
at the model's rate; of a faster video several interleaved sets are read.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from nitro_ml.core.stream import BLOCK, FASTEST, Raw, Rows, blocks
from nitro_ml.models.idm.model import IDM
from nitro_ml.training.device import autocast
from nitro_ml.video.decode import Frames

ON_GPU = 1024  # frames that are encoded at a time there; fewer are mostly the starting of kernels


@torch.inference_mode()
def infer(model: IDM, frames: Iterable[Frames]) -> Iterator[Raw]:
    """Raw actions of every frame, in order, BLOCK at a time."""
    reach = (model.edge + model.length + 1) / model.rate
    for block in blocks(_encoded(model, frames), (model.edge + 1) / model.rate, reach):
        times, window, place = windows(block.time, model.length, model.edge, model.rate)
        with autocast(model):
            seen = model(torch.from_numpy(block.at(times)).to(model.device))
        logits, sticks = (part.float().cpu().numpy()[window, place] for part in (seen.buttons, seen.sticks))
        yield Raw(block.time, logits, sticks, block.rows.values[block.first : block.last])


def windows(
    time: NDArray[np.float64], length: int, edge: int, rate: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Windows of `rate` steps a second that cover frames at the given times, [n].

    Returns their times [w, edge + length + edge], and for each frame its window and its place in it, in the middle.
    Windows in which no frame lies are left out, so that a gap in a video costs nothing.
    """
    gap = float(np.median(np.diff(time))) if len(time) > 1 else 1 / rate
    phases = int(np.clip(round(1 / (rate * max(gap, 1e-6))), 1, FASTEST // rate))
    step, phase = np.divmod(np.rint((time - time[0]) * rate * phases).astype(np.int64), phases)
    number, place = np.divmod(step, length)
    found, window = np.unique(np.stack([number, phase]), axis=1, return_inverse=True)
    start = time[0] + (found[0] * length + found[1] / phases) / rate
    return start[:, None] + np.arange(-edge, length + edge) / rate, window.reshape(-1), edge + place


def _encoded(model: IDM, frames: Iterable[Frames]) -> Iterator[Rows]:
    before, after = (max(0, *(sign * o for o in model.offsets), 0) for sign in (-1, 1))
    stream = (Rows(f.time, f.rgb) for f in frames)
    size = ON_GPU if model.device.type == "cuda" else BLOCK
    for block in blocks(stream, (before + 0.5) / model.rate, (after + 0.5) / model.rate, size):
        time = np.pad(block.time, (0, size - len(block.time)), mode="edge")
        places = np.stack([block.nearest(time + o / model.rate) for o in (0, *model.offsets)])
        first, last = places.min(), places.max() + 1
        # To the device once, however many views look at a frame; torch takes no array that can't be written to.
        pixels = torch.from_numpy(np.require(block.rows.values[first:last], requirements="W")).to(model.device)
        views = [pixels.index_select(0, place) for place in torch.from_numpy(places - first).to(model.device)]
        with autocast(model):
            encoded = model.encode(views).float().cpu().numpy()
        yield Rows(block.time, encoded[: len(block.time)])
