"""Clips to decode, made here: textured scenes with moving parts, and a recorded game; 720p30 H.264."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from nitro_ml.games.players.registry import player
from nitro_ml.games.recorder.scenario import play
from nitro_ml.games.registry import make

WIDTH, HEIGHT, FPS = 1280, 720, 30
BITS = 3_000_000  # a second


def clips(folder: Path, frames: int) -> dict[str, Path]:
    """Name to file."""
    made = {f"textured, GOP {gop}": (scenes, gop) for gop in (250, 30)} | {"game (boxing)": (game, 250)}
    return {
        name: encoded(folder / f"{number}.mp4", islice(source(), frames), gop)
        for number, (name, (source, gop)) in enumerate(made.items())
    }


def scenes() -> Iterator[NDArray[np.uint8]]:
    """A camera over blurred noise, blocks of strong colours, fresh grain in every frame."""
    rng = np.random.default_rng(0)
    ground = cv2.GaussianBlur(rng.integers(0, 256, (2 * HEIGHT, 2 * WIDTH, 3), dtype=np.uint8), (0, 0), 3)
    ground = cv2.normalize(ground, None, 0, 255, cv2.NORM_MINMAX)  # type: ignore[call-overload]
    colours = [rng.integers(0, 256, (9, 9, 3), dtype=np.uint8).repeat(10, 0).repeat(10, 1) for _ in range(8)]
    number = 0
    while True:
        x, y = _swing(number / 90, WIDTH), _swing(number / 70, HEIGHT)
        image = ground[y : y + HEIGHT, x : x + WIDTH].copy()
        for i, block in enumerate(colours):
            left, top = (
                _swing(number / (20 + 5 * i) + i, WIDTH - 90),
                _swing(number / (17 + 4 * i), HEIGHT - 90),
            )
            image[top : top + 90, left : left + 90] = block
        grain = rng.integers(0, 6, (HEIGHT, WIDTH, 1), dtype=np.uint8)
        yield np.asarray(cv2.add(image, grain.repeat(3, 2)), np.uint8)
        number += 1


def game() -> Iterator[NDArray[np.uint8]]:
    """Boxing, played by chance, blown up to 720p."""
    running = make("boxing", 1, FPS)
    for moment in play(running, player("mixed", running, np.random.default_rng(1))):
        yield np.asarray(cv2.resize(moment.image, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST), np.uint8)


def _swing(phase: float, most: int) -> int:
    return int(most * (0.5 + 0.5 * np.sin(phase)))


def encoded(path: Path, images: Iterable[NDArray[np.uint8]], gop: int) -> Path:
    """The images as H.264 at `BITS`, a key frame every `gop` frames or at a cut."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "medium"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate, stream.gop_size = BITS, gop
        for image in images:
            container.mux(stream.encode(VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path
