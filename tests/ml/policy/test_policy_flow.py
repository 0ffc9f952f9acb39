"""Flow matching: a network trained with the loss, integrated from noise, gives back the distribution it was shown."""

import pytest
import torch
from torch import nn

from nitro_ml.models.policy import flow
from nitro_ml.training.device import seeded

BETA = (1.5, 1.0)


class Toy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))

    def forward(self, a_t: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return self.layers(torch.cat([a_t, t[:, None, None]], -1))


def test_two_modes_come_back_in_their_proportions() -> None:
    with seeded(0):
        toy = Toy()
        optimizer = torch.optim.Adam(toy.parameters(), lr=5e-3)
        for _ in range(600):
            a = torch.where(torch.rand(256, 1, 1) < 0.25, -1.0, 1.0)
            mask = torch.ones(256, 1, dtype=torch.bool)
            loss = flow.loss(toy, a, torch.randn_like(a), flow.draw_time(256, BETA), mask)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.inference_mode():
            sampled = flow.integrate(toy, torch.randn(4000, 1, 1), steps=16).flatten()
    assert (sampled < 0).float().mean() == pytest.approx(0.25, abs=0.05)
    assert (sampled.abs() - 1).abs().median() < 0.2


def test_masked_steps_do_not_count() -> None:
    a, eps, t = torch.rand(3, 4, 2), torch.randn(3, 4, 2), torch.tensor([0.1, 0.5, 0.9])
    mask = torch.tensor([[True, True, False, False]] * 3)
    other = torch.where(mask[..., None], a, 100.0)

    def nothing(a_t: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(a_t)

    assert flow.loss(nothing, other, eps, t, mask) == flow.loss(nothing, a, eps, t, mask)


def test_flow_times_lie_below_one_and_lean_towards_noise() -> None:
    with seeded(0):
        t = flow.draw_time(20_000, BETA)
    assert t.min() >= 0
    assert t.max() <= 0.999
    assert t.mean() == pytest.approx(0.999 * (1 - 1.5 / 2.5), abs=0.01)
    assert flow.bucket(torch.tensor([0.0, 0.4999, 0.9999])).tolist() == [0, 499, 999]


@pytest.mark.parametrize("t", [0.0, 0.3, 0.9])
def test_preconditioning_leaves_what_a_line_cannot_explain(t: float) -> None:
    with seeded(0):
        a, eps = 0.3 * torch.randn(200_000), torch.randn(200_000)
    x = (1 - t) * eps + t * a
    x_in, skip, scale = flow.precondition(torch.full((1, 1, 1), t), torch.tensor([0.3]))
    rest = (a - eps) - skip.item() * x
    assert (x_in.item() * x).std() == pytest.approx(1, abs=0.02)
    assert rest.std() == pytest.approx(scale.item(), abs=0.02)
    assert (rest * x).mean() == pytest.approx(0, abs=0.02)
