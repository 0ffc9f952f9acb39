"""Which videos are never trained on: the one order in which all models hold videos out."""

import hashlib
import math
from collections.abc import Collection, Iterable, Sequence

from nitro_ml.core.clip import Clip


def order(video: str) -> str:
    """The key by which one game's videos are sorted, the same in every run: a hash of the name.

    Inverse dynamics models are tested on the first ones, policies and world models are measured on the first ones: no
    model is measured on what another one that made its labels was trained on.
    """
    return hashlib.blake2b(video.encode(), digest_size=8).hexdigest()


def choose(videos: Iterable[str], share: float, trained_on: Collection[str] = ()) -> set[str]:
    """The videos of one game to hold out, the first ones by `order`: at least one of two, none of one alone.

    trained_on: videos that a model whose labels are used here has learned from; they are held out only where there are
    no others.
    """
    ordered = sorted(set(videos), key=order)
    fit = [video for video in ordered if video not in trained_on] or ordered
    return set(fit[: math.ceil(share * len(ordered))]) if len(ordered) > 1 else set()


def hold_out(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """(training, held out) by the clips' own mark. Pseudo-labelled clips don't count as held out: nothing is measured
    against guesses."""
    return [c for c in clips if not c.held_out], [c for c in clips if c.held_out and not c.soft]
