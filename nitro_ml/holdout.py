"""Which videos policies and world models never train on."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from nitro_ml.clip import Clip


def hold_out(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """(training, held out), by video: of each game one in seven videos, at least one of two, is held out.

    The choice is by a hash of the video's name, the same in every run; it begins with the videos that the inverse
    dynamics models are tested on. Pseudo-labelled clips are never held out: nothing is measured against guesses.
    """
    groups: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        if not clip.soft:
            groups[clip.game].add(clip.group)
    held = {g for names in groups.values() for g in sorted(names, key=_order)[: -(-(len(names) - 1) // 7)]}
    return [c for c in clips if c.group not in held], [c for c in clips if c.group in held and not c.soft]


def _order(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
