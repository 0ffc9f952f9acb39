"""Footage for training. One function a figure."""

from benchmarks.figures import Figure
from benchmarks.packing.figures import packing


def run(quick: bool = False) -> list[Figure]:
    """All of them."""
    return [*packing(quick)]
