"""Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks") beside AdamW, as one optimizer.

A hidden layer's step is its momentum with all singular values made about one: what only a few frames show, such as a
press, moves the weights as much as what all of them show. torch.optim.Muon takes linear layers only, not filters.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from nitro_ml.training.device import fast_bfloat16

PACE = 20.0  # times the learning rate of AdamW
MOMENTUM = 0.95
QUINTIC = (3.4445, -4.7750, 2.0315)  # of the iteration that brings singular values into about 0.7 to 1.2
ITERATIONS = 5


class Muon(torch.optim.AdamW):
    """Muon for weights of `hidden` layers, [out, in, ...], at `PACE` times the learning rate; AdamW for `others`."""

    def __init__(
        self, hidden: Iterable[nn.Parameter], others: Iterable[nn.Parameter], lr: float, weight_decay: float
    ) -> None:
        super().__init__([{"params": list(others)}, {"params": list(hidden)}], lr=lr, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """As of any optimizer; the gradients of hidden layers are gone afterwards."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        _, hidden = self.param_groups
        for weight in hidden["params"]:
            if weight.grad is not None:
                self._turn(weight, weight.grad, PACE * hidden["lr"], hidden["weight_decay"])
                weight.grad = None  # which is how AdamW knows to leave it
        super().step()
        return loss

    def _turn(self, weight: Tensor, grad: Tensor, lr: float, weight_decay: float) -> None:
        state = self.state[weight]
        if not state:
            state |= {"step": torch.zeros(()), "momentum": torch.zeros_like(weight)}  # AdamW wants a step to restore
        momentum: Tensor = state["momentum"].mul_(MOMENTUM).add_(grad)
        ahead = (grad + MOMENTUM * momentum).flatten(1)
        taller = max(1.0, ahead.shape[0] / ahead.shape[1])
        weight.mul_(1 - lr * weight_decay)
        weight.add_(orthogonal(ahead).view_as(weight), alpha=-lr * taller**0.5)


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix [m, n] with all singular values near one, by Newton's and Schulz's iteration.

    In bfloat16 where the device has units for it; elsewhere that takes many times as long as float32.
    """
    a, b, c = QUINTIC
    tall = len(matrix) > matrix.shape[1]
    half = fast_bfloat16(matrix.device.type)
    x = (matrix.T if tall else matrix).to(torch.bfloat16 if half else torch.float32)
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)
