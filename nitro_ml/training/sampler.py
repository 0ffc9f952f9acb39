"""Random batches for a training that can be stopped: each follows from the seed, its number and the process alone."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from torch.utils.data import IterableDataset, get_worker_info

Batch = TypeVar("Batch")
Source = TypeVar("Source")


class Sampler(IterableDataset[Batch], Generic[Batch, Source]):
    """Random batches from number `first` on, `steps` in all, or without an end.

    Each element of a batch comes from one of the sources (clips in one form or another), drawn in proportion to its
    mass. Batch number i has a random generator of its own, so that a resumed training sees what it would have seen,
    with any number of loading processes. `rank` is that of the training process, whose batches are its own.
    """

    def __init__(
        self, sources: Sequence[Source], mass: ArrayLike, batch: int, seed: int, steps: int | None = None
    ) -> None:
        self.sources = sources
        self.share = np.asarray(mass, np.float64) / np.sum(mass)
        self.size, self.seed, self.steps = batch, seed, steps
        self.first = self.rank = 0

    def __iter__(self) -> Iterator[Batch]:
        loader = get_worker_info()
        first, every = (self.first + loader.id, loader.num_workers) if loader else (self.first, 1)
        numbers = count(first, every) if self.steps is None else range(first, self.steps, every)
        return map(self.batch, numbers)

    def batch(self, number: int) -> Batch:
        """The batch of one step of the training."""
        return self.drawn(np.random.default_rng((self.seed, number, self.rank)), self.size)

    def drawn(self, rng: np.random.Generator, size: int) -> Batch:
        """A batch of any size."""
        return self.gathered([self.sources[k] for k in rng.choice(len(self.sources), size, p=self.share)], rng)

    @abstractmethod
    def gathered(self, drawn: Sequence[Source], rng: np.random.Generator) -> Batch:
        """A batch with one element from each of the sources drawn."""
