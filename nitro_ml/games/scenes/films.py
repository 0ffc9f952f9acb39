"""Cut scenes: a scripted camera over a painting, or the game acted out by somebody else, often between black bars."""

from collections.abc import Iterator

import numpy as np

from nitro_ml.games.pad import Pad
from nitro_ml.games.recorder.annotated_frame import AnnotatedFrame
from nitro_ml.games.scenes.backdrop import painting, view
from nitro_ml.games.scenes.look import Image, Look, dimmed
from nitro_ml.games.spec import HEIGHT

_LINES = ("They came at night.", "We have to go.", "Who is there?", "It was a long way home.", "Not again...", "Run!")


def cutscene(
    look: Look, footage: Iterator[Image], frames: int, fps: int, rng: np.random.Generator
) -> Iterator[AnnotatedFrame]:
    """Shots of 1.2-3 s, one after the other; footage: frames of the game played by its own script."""
    bars = int(rng.integers(18, 40)) if rng.random() < 0.8 else 0
    lines = [str(v) for v in rng.permutation(_LINES)] if rng.random() < 0.6 or not bars else []
    fading = round(rng.uniform(0.0, 0.6) * fps)
    acted = rng.random() < 0.4
    shots = _acted(footage, fps, rng) if acted else _filmed(fps, rng)
    for i in range(frames):
        image = next(shots)
        if lines and i / fps % 2.5 < 2.0:
            look.centre(image, lines[int(i / fps / 2.5) % len(lines)], HEIGHT - bars - 10, 200)
        image[:bars] = image[HEIGHT - bars :] = 0
        share = min(1.0, (i + 1) / (fading + 1), (frames - i) / (fading + 1))
        yield AnnotatedFrame(dimmed(image, share), Pad.idle(), "cutscene")


def _filmed(fps: int, rng: np.random.Generator) -> Iterator[Image]:
    """Slow pans and zooms over paintings."""
    while True:
        image, shot = painting(rng), round(rng.uniform(1.2, 3.0) * fps)
        (x0, x1), (y0, y1), (z0, z1) = rng.uniform(0.1, 0.9, 2), rng.uniform(0.2, 0.8, 2), rng.uniform(0.9, 1.6, 2)
        for i in range(shot):
            s = i / shot
            yield view(image, x0 + s * (x1 - x0), y0 + s * (y1 - y0), z0 + s * (z1 - z0))


def _acted(footage: Iterator[Image], fps: int, rng: np.random.Generator) -> Iterator[Image]:
    """The game itself, seen closer, by a camera that drifts."""
    while True:
        shot, zoom = round(rng.uniform(1.2, 3.0) * fps), rng.uniform(0.4, 0.75)
        (x0, x1), (y0, y1) = rng.uniform(0.0, 1.0, 2), rng.uniform(0.0, 1.0, 2)
        for i in range(shot):
            s = i / shot
            yield view(next(footage), x0 + s * (x1 - x0), y0 + s * (y1 - y0), zoom)
