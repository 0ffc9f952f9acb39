"""Muon for hidden layers and AdamW for the rest, as one optimizer."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from nitro_ml.training.muon import Muon, orthogonal


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(-6, 3), st.integers(0, 9))
def test_every_singular_value_becomes_about_one(rows: int, columns: int, size: int, seed: int) -> None:
    drawn = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    before, after = (torch.linalg.svdvals(m) for m in (drawn, orthogonal(drawn * 10.0**size)))
    clear = before / before[0] > 0.05  # the least ones take more iterations
    assert after.max() < 1.3
    assert int((after > 0.5).sum()) >= int(clear.sum())


def test_nothing_moves_where_the_gradient_is_nothing() -> None:
    weight = nn.Parameter(torch.ones(3, 2))
    weight.grad = torch.zeros(3, 2)
    Muon([weight], [], lr=0.1, weight_decay=0.0).step()
    assert torch.equal(weight, torch.ones(3, 2))


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 16, 5))


def optimizer(model: nn.Sequential) -> Muon:
    filters, *others = model.parameters()
    return Muon([filters], others, lr=0.01, weight_decay=0.1)


def step(model: nn.Module, how: torch.optim.Optimizer, seed: int) -> float:
    draw = torch.Generator().manual_seed(seed)
    seen, wanted = torch.randn(16, 3, 4, 4, generator=draw), torch.randint(0, 5, (16,), generator=draw)
    loss = functional.cross_entropy(model(seen), wanted)
    how.zero_grad()
    loss.backward()
    how.step()
    return loss.item()


def test_all_but_hidden_layers_are_adamws() -> None:
    model, other = net(), net()
    step(model, optimizer(model), seed=1)
    step(other, torch.optim.AdamW(other.parameters(), lr=0.01, weight_decay=0.1), seed=1)
    for (name, ours), theirs in zip(model.named_parameters(), other.parameters(), strict=True):
        assert torch.equal(ours, theirs) == (name != "0.weight"), name


def test_it_goes_on_from_its_state() -> None:
    model = net()
    how = optimizer(model)
    losses = [step(model, how, seed=1) for _ in range(20)]
    assert losses[-1] < 0.2 * losses[0]
    again = copy.deepcopy(model)
    state = optimizer(again)
    state.load_state_dict(copy.deepcopy(how.state_dict()))
    assert [step(model, how, s) for s in (2, 3)] == pytest.approx([step(again, state, s) for s in (2, 3)], abs=0)
