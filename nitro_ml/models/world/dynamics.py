"""The world model: the next frame from the last few frames and the controller's true state."""

import torch
from torch import Tensor, nn

from nitro_ml.core.actions import BUTTONS, STICKS
from nitro_ml.models.world.config import DynamicsSection
from nitro_ml.models.world.data import Batch
from nitro_ml.models.world.layers import Predictor, weighted_error

INPUTS = len(BUTTONS) + len(STICKS)


class DynamicsNet(nn.Module):
    """A `Predictor` conditioned on 17 buttons, 4 sticks, and whether they are known."""

    labelled = True

    def __init__(self, section: DynamicsSection) -> None:
        super().__init__()
        self.section = section
        self.context = section.context
        self.predictor = Predictor(section.context, section.channels, INPUTS + 1)

    def forward(self, past: Tensor, actions: Tensor | None) -> Tensor:
        """The next frame [B, 3, S, S] from past [B, k, 3, S, S] and actions [B, 21]; None: the action is not known."""
        if actions is None:
            return self.predictor(past, past.new_zeros(len(past), INPUTS + 1))
        return self.predictor(past, torch.cat([actions, actions.new_ones(len(actions), 1)], 1))

    def loss(self, batch: Batch) -> Tensor:
        assert batch.actions is not None
        known = (torch.rand(len(batch), 1, device=batch.past.device) > self.section.unknown).float()
        predicted = self.predictor(batch.past, torch.cat([batch.actions * known, known], 1))
        return weighted_error(predicted, batch.now, batch.future, self.section.contrast)
