"""Which videos policies and world models never train on."""

import hashlib
import math
from collections.abc import Iterable, Sequence

from nitro_ml.core.clip import Clip


def choose(videos: Iterable[str], share: float) -> set[str]:
    """The videos of one game to hold out: at least one of two, none of one alone.

    In the order of a hash of their names, the same in every run; it begins with the videos that the inverse dynamics
    models are tested on.
    """
    ordered = sorted(set(videos), key=lambda name: hashlib.blake2b(name.encode(), digest_size=8).hexdigest())
    return set(ordered[: math.ceil(share * len(ordered))]) if len(ordered) > 1 else set()


def hold_out(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """(training, held out) by the clips' own mark. Pseudo-labelled clips don't count as held out: nothing is measured
    against guesses."""
    return [c for c in clips if not c.held_out], [c for c in clips if c.held_out and not c.soft]
