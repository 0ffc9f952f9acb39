"""Conditional flow matching (arXiv 2210.02747) with NitroGen's choices (arXiv 2601.02427, section 4).

Symbols as in the papers: a is the action chunk, eps standard normal noise, t the flow time in [0, 1); t = 0 is noise.
The path is a_t = (1 - t) eps + t a, its velocity v = a - eps, which a network learns to predict from (a_t, t).
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Beta

BUCKETS = 1000

Velocity = Callable[[Tensor, Tensor], Tensor]


def draw_time(n: int, beta: tuple[float, float]) -> Tensor:
    """Flow times [n] in [0, 0.999]: t = 0.999 (1 - Beta(alpha, beta)), denser near noise."""
    return 0.999 * (1 - Beta(*beta).sample((n,)))


def bucket(t: Tensor) -> Tensor:
    """Flow times as int64 in [0, 999], for the embedding."""
    return (t * BUCKETS).long().clamp(0, BUCKETS - 1)


def precondition(t: Tensor, spread: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(input, skip, scale) so that v = skip * x + scale * network(input * x), where x = a_t - t * (the mean of a).

    t: [B, 1, 1]; spread: [D] or [B, H, D], the standard deviation of a; results broadcast from both. `skip` is the
    least-squares slope of v on x, `scale` the standard deviation of what remains, `input` brings x to unit variance
    (the preconditioning of EDM, arXiv 2206.00364, section 5, for this path). A network that starts at zero already
    knows to remove the noise.
    """
    deviation = ((1 - t) ** 2 + (t * spread) ** 2).sqrt()
    return 1 / deviation, (t * spread**2 - (1 - t)) / deviation**2, spread / deviation


def loss(velocity: Velocity, a: Tensor, eps: Tensor, t: Tensor, mask: Tensor, unit: Tensor | None = None) -> Tensor:
    """Mean squared error of the velocity where `mask` is true, measured in `unit`, which broadcasts to a (default: 1).

    a, eps: [B, H, D]; t: [B]; mask: bool [B, H], false on the padding after a clip's end.
    """
    at = t[:, None, None]
    error = velocity((1 - at) * eps + at * a, t) - (a - eps)
    if unit is not None:
        error = error / unit
    return (error.square().mean(-1) * mask).sum() / mask.sum().clamp(min=1)


def integrate(velocity: Velocity, eps: Tensor, steps: int) -> Tensor:
    """The chunk [B, H, D] that noise eps flows to, by `steps` Euler steps of equal size."""
    a = eps
    for i in range(steps):
        a = a + velocity(a, torch.full((len(a),), i / steps, device=a.device)) / steps
    return a
