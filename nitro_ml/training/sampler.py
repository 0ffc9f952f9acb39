"""Random batches for a training that can be stopped: each follows from the seed and its number alone."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import count
from typing import TypeVar

import numpy as np
from torch.utils.data import IterableDataset

from nitro_ml.core.resample import ResampledClip

Batch = TypeVar("Batch")


class Sampler(IterableDataset[Batch]):
    """Endless random batches from number `first` on; each step of a clip is drawn in proportion to the clip's weight.

    A resumed training sees what it would have seen.
    """

    def __init__(self, steps: Sequence[ResampledClip], batch: int, seed: int) -> None:
        self.steps = steps
        mass = np.array([len(own) * own.clip.weight for own in steps])
        self.share = mass / mass.sum()
        self.batch, self.seed, self.first = batch, seed, 0

    def __iter__(self) -> Iterator[Batch]:
        for number in count(self.first):
            rng = np.random.default_rng((self.seed, number))
            yield self.gathered([self.steps[k] for k in rng.choice(len(self.steps), self.batch, p=self.share)], rng)

    @abstractmethod
    def gathered(self, drawn: Sequence[ResampledClip], rng: np.random.Generator) -> Batch:
        """A batch with one step of each of the clips drawn."""
