"""The world model dreaming: real frames on the left, on the right what it makes of their first few and the true
inputs.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import RATE, ResampledClip
from nitro_ml.models.world.data import to_input, to_small
from nitro_ml.models.world.dynamics import DynamicsNet
from nitro_ml.models.world.load import WorldError


@torch.inference_mode()
def rollout(net: DynamicsNet, clip: Clip, start: int, length: int) -> NDArray[np.uint8]:
    """Frames uint8 [length, s, 2 s, 3] from step `start` of a labelled clip: real beside predicted.

    After the first `context` real frames the model sees only its own. Raises `WorldError` where the clip is too short.
    """
    steps, context = ResampledClip(clip), net.context
    needed = context + length
    if start + needed > len(steps):
        raise WorldError(f"Clip of {clip.group}: found {len(steps)} steps; {needed} from step {start} are needed.")
    real = to_small(steps.frames(start, start + needed), net.section.size)
    actions = to_input(steps.actions(start, start + needed))
    seen = real[None, :context]
    dream = []
    for i in range(length):
        frame = net(seen, actions[None, context - 1 + i]).clamp(0, 1)
        dream.append(frame[0])
        seen = torch.cat([seen[:, 1:], frame[:, None]], 1)
    pair = torch.cat([real[context:], torch.stack(dream)], -1)
    return (pair.permute(0, 2, 3, 1) * 255).round().byte().numpy()


def write_gif(frames: NDArray[np.uint8], path: Path, scale: int = 2) -> None:
    """An endless GIF at half the models' rate (every second frame), each pixel `scale` pixels wide."""
    large = frames[::2].repeat(scale, 1).repeat(scale, 2)
    images = [Image.fromarray(frame).quantize(64) for frame in large]
    images[0].save(path, save_all=True, append_images=images[1:], duration=round(2000 / RATE), loop=0, optimize=True)
