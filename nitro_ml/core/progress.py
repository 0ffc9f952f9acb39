"""How a long piece of work tells how far it is; whoever started it decides how that is shown."""

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""tell(fraction, message): how much is done, in [0, 1], and of what. A smaller fraction than before: a new part."""


def part(progress: Progress | None, start: float, end: float) -> Progress | None:
    """For a part of the work: what it tells in [0, 1] is told as [start, end] of the whole."""
    return progress and (lambda done, told: progress(start + (end - start) * done, told))
