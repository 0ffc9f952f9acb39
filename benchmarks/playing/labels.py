"""What a policy gets of an inverse dynamics model's labels: as they are, cut, drawn, moved in time, weighted, chosen.

Each way takes a clip with its labels and gives the clips to learn from.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.playing.corpus import FPS
from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.clip import Clip
from nitro_ml.core.labels import Labels
from nitro_ml.models.idm.label import Labeller, label_clip
from nitro_ml.models.world.latent import LatentNet
from nitro_ml.models.world.load import codes

Way = Callable[[Labeller, Clip, Labels], list[Clip]]


Labelled = Sequence[tuple[Clip, Labels]]
"""Clips with their true inputs, and the labels that a model has made for them."""


def labelled(labeller: Labeller, clips: Sequence[Clip]) -> Labelled:
    """The clips with the labeller's labels beside their own inputs."""
    return [(clip, label_clip(labeller, clip)) for clip in clips]


def given(labeller: Labeller, found: Labelled, way: Way) -> list[Clip]:
    """The clips with the labels in place of their own inputs, in one of the ways below."""
    return [made for clip, labels in found for made in way(labeller, clip, labels)]


def likelier(_: Labeller, clip: Clip, labels: Labels) -> list[Clip]:
    """A button is held where that is likelier than not."""
    return [replace(clip, actions=labels.hard(0.5), soft=True)]


def thresholds(labeller: Labeller, clip: Clip, labels: Labels) -> list[Clip]:
    """A button is held from the model's own threshold on, which is for finding events."""
    return [replace(clip, actions=labels.hard(labeller.thresholds(clip.game)), soft=True)]


def drawn(_: Labeller, clip: Clip, labels: Labels) -> list[Clip]:
    """A button is held as often as it is likely, drawn anew whenever the frame is learned from."""
    return [replace(clip, actions=labels.hard(0.5), chance=labels.buttons, soft=True)]


def offset(frames: int) -> Way:
    """Each frame has the label of the frame so many later."""

    def moved(labeller: Labeller, clip: Clip, labels: Labels) -> list[Clip]:
        first, end = max(0, -frames), len(clip) - max(0, frames)
        actions = labels.hard(0.5)[np.arange(first, end) + frames]
        return [replace(clip.part(first, end), actions=actions, soft=True)] if end - first > 1 else []

    return moved


def weighted(labeller: Labeller, clip: Clip, labels: Labels) -> list[Clip]:
    """Four seconds are learned from as often as the model is confident of them."""
    return [replace(part, weight=sure) for part, sure in _parts(labeller, clip, labels)]


def surer(labeller: Labeller, clip: Clip, labels: Labels) -> list[Clip]:
    """The half of the play of which the model is most confident."""
    parts = _parts(labeller, clip, labels)
    middle = np.median([sure for _, sure in parts])
    return [part for part, sure in parts if sure >= middle]


def _parts(labeller: Labeller, clip: Clip, labels: Labels) -> list[tuple[Clip, float]]:
    """A clip in parts of four seconds, each with its mean confidence."""
    (whole,) = likelier(labeller, clip, labels)
    size = 4 * FPS
    starts = range(0, max(1, len(clip) - size // 2), size)
    return [(whole.part(a, a + size), float(labels.confidence[a : a + size].mean())) for a in starts]


def right(found: Labelled) -> float:
    """The share of frames whose buttons are all right, and each stick within a quarter."""
    return float(np.concatenate([_same(clip.actions, labels.hard(0.5)) for clip, labels in found]).mean())


def _same(true: Actions | None, guess: Actions) -> np.ndarray:
    assert true is not None
    buttons = (true.buttons == guess.buttons).all(1)
    return buttons & (np.abs(true.sticks - guess.sticks) <= 0.25).all(1)


def decoded(net: LatentNet, clips: Sequence[Clip], few: Sequence[Clip]) -> list[Clip]:
    """Clips with what their latent actions mean: in each game the mean input of the few labelled frames with the same
    code, or of all of them where none has it; buttons are then drawn by their probability, as in `drawn`.
    """
    meanings = {game: _meaning(net, [c for c in few if c.game == game]) for game in {c.game for c in clips}}
    made = []
    for clip in clips:
        mean = meanings[clip.game][_codes(net, clip)]
        buttons = mean[:, : len(BUTTONS)]
        made.append(replace(clip, actions=Actions(buttons >= 0.5, mean[:, len(BUTTONS) :]), chance=buttons, soft=True))
    return made


def _codes(net: LatentNet, clip: Clip) -> np.ndarray:
    """The code of each frame of a 30 Hz clip; the last has that of the one before."""
    _, found = codes(net, clip)
    return np.append(found, found[-1:])


def _meaning(net: LatentNet, few: Sequence[Clip]) -> np.ndarray:
    """Float32 [codes, 21]: the mean input by code."""
    inputs = np.concatenate([np.hstack([c.actions.buttons, c.actions.sticks]) for c in few if c.actions is not None])
    found = np.concatenate([_codes(net, clip) for clip in few])
    mean = np.tile(inputs.mean(0), (2**net.section.bits, 1))
    for code in np.unique(found):
        mean[code] = inputs[found == code].mean(0)
    return mean.astype(np.float32)
