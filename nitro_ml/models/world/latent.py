"""Latent actions: a discrete code for what changed between two frames, learned without labels.

After Genie (arXiv 2402.15391, section 2.1) and LAPA (arXiv 2410.11758): an encoder sees frames t and t + 1, a
bottleneck leaves one of a few codes, and a decoder must predict frame t + 1 from frame t and the code. The bottleneck
is finite scalar quantisation with two levels a dimension (arXiv 2309.15505), each dimension centred over the batch
first, so that no code book can collapse.
"""

import torch
from torch import Tensor, nn

from nitro_ml.models.world.config import LatentSection
from nitro_ml.models.world.data import Batch
from nitro_ml.models.world.layers import PATCH, Predictor, weighted_error


class LatentNet(nn.Module):
    """Encoder, bottleneck and decoder. Codes are int64 in [0, 2^bits)."""

    context = 1
    labelled = False

    def __init__(self, section: LatentSection) -> None:
        super().__init__()
        channels = section.channels
        self.section = section
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(PATCH),
            nn.Conv2d(6 * PATCH**2, channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * channels, 2 * channels, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.LazyLinear(section.bits),
        )
        self.centre = nn.BatchNorm1d(section.bits, affine=False)
        self.decoder = Predictor(1, channels, section.bits)
        self.encoder(torch.zeros(1, 6, section.size, section.size))

    def bits(self, now: Tensor, future: Tensor) -> Tensor:
        """-1 or 1, float32 [B, bits], with the gradient of tanh passed straight through.

        What the encoder makes of the same frame unchanged is subtracted, so that no code is spent on which game it is.
        """
        seen = self.encoder(torch.cat([now, future - now], 1)) - self.encoder(
            torch.cat([now, torch.zeros_like(now)], 1)
        )
        soft = self.centre(seen).tanh()
        return soft + (torch.where(soft > 0, 1.0, -1.0) - soft).detach()

    def encode(self, now: Tensor, future: Tensor) -> Tensor:
        """The code of each pair of frames [B, 3, S, S]: int64 [B]."""
        place = 2 ** torch.arange(self.section.bits, device=now.device)
        return ((self.bits(now, future) > 0) * place).sum(1)

    def decode(self, now: Tensor, code: Tensor) -> Tensor:
        """The next frame [B, 3, S, S] from this one and a code [B]."""
        place = 2 ** torch.arange(self.section.bits, device=now.device)
        bits = ((code[:, None] // place) % 2 * 2 - 1).float()
        return self.decoder(now[:, None], bits)

    def loss(self, batch: Batch) -> Tensor:
        predicted = self.decoder(batch.past[:, -1:], self.bits(batch.now, batch.future))
        return weighted_error(predicted, batch.now, batch.future, self.section.contrast)
