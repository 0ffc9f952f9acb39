"""Footage for training: choosing it, and the clips that it is kept as. One file a figure, in `benchmarks/packing`."""

from benchmarks.figures import Figure
from benchmarks.packing.choosing import choosing
from benchmarks.packing.figures import packing


def run(quick: bool = False) -> list[Figure]:
    """All of them."""
    return [*choosing(quick), *packing(quick)]
