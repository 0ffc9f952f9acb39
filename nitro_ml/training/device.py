"""What torch computes on, in which arithmetic, and from which seed. Without Lightning, which takes seconds to import: a
process that only infers has no use for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn


class DeviceError(RuntimeError):
    """A recipe that needs a device this machine does not have."""


def check_device(requires: Literal["cpu", "gpu"]) -> None:
    """Raises `DeviceError` where a recipe needs a GPU and there is none."""
    if requires == "gpu" and not torch.cuda.is_available():
        raise DeviceError("The recipe says requires: gpu, and CUDA finds none; choose a recipe for the CPU.")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's generators start from `seed` inside, and are as they were afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def fast_bfloat16(device: str) -> bool:
    """Whether the device has matrix units for bfloat16: CUDA's tensor cores, or a CPU's AMX."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def default_device() -> str:
    """The device that inference runs on: a GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


@contextmanager
def autocast(model: nn.Module) -> Iterator[None]:
    """Inference as `precision: auto` trains: in bfloat16 where the model's device is fast at it."""
    device = next(model.parameters()).device.type
    with torch.autocast(device, torch.bfloat16, enabled=fast_bfloat16(device)):
        yield
