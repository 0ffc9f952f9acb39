"""All figures of packed clips."""

from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.packing.erasure import erasure
from benchmarks.packing.memory import memory
from benchmarks.packing.pace import pace
from benchmarks.packing.sizes import sizes
from tests.assets import services


def packing(quick: bool) -> Iterator[Figure]:
    """Sizes, memory, pace and erasure; the bucket is moto's."""
    yield from sizes(quick)
    yield from memory(quick)
    with services.s3():
        yield from pace(quick, "s3://bucket/pace")
        yield from erasure(quick, "s3://bucket")
