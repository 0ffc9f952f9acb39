"""A game of one rule, for tests: a square goes where the d-pad is held. And files of such play."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.clip import Clip
from nitro_ml.video.encoded import clip_file
from nitro_ml.video.encoded.frames import EncodedFrames

LEFT, RIGHT = BUTTONS.index("dpad_left"), BUTTONS.index("dpad_right")


def square_clip(seed: int, frames: int = 240, size: int = 32, fps: float = 30.0) -> Clip:
    """Left, right or nothing, held for 4 to 14 steps of 1/30 s; the square moves 2 pixels a step."""
    rng = np.random.default_rng(seed)
    held = np.concatenate([np.full(rng.integers(4, 15), rng.integers(-1, 2)) for _ in range(frames)])
    held = np.repeat(held, round(fps / 30))[:frames]
    place = size / 2 + np.concatenate([[0], np.cumsum(held)[:-1]]) * 60 / fps
    picture = np.full((frames, size, size, 3), 40, np.uint8)
    picture[:, :4] = rng.integers(0, 255, 3, dtype=np.uint8)
    for i, x in enumerate(place.astype(int) % (size - 6)):
        picture[i, size // 2 - 3 : size // 2 + 3, x : x + 6] = (230, 200, 60)
    buttons = np.zeros((frames, len(BUTTONS)), bool)
    buttons[:, LEFT], buttons[:, RIGHT] = held < 0, held > 0
    actions = Actions(buttons, np.zeros((frames, 4), np.float32))
    return Clip(picture, np.arange(frames) / fps, "square", f"video-{seed}", actions)


def write_video(
    path: Path,
    rgb: NDArray[np.uint8],
    fps: int = 30,
    codec: str = "libx264rgb",
    pts: list[int] | None = None,
    options: dict[str, str] | None = None,
    pix_fmt: str = "yuv420p",
    colours: str = "",
    qp: int = 0,
) -> Path:
    """uint8 [T, H, W, 3] to a file, lossless by default; pts, in milliseconds, makes the frame rate vary.

    pix_fmt: what H.264 stores; colours: the matrix it is stored and tagged with.
    """
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=1000 if pts else fps)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = rgb.shape[1:3]
        stream.pix_fmt = "rgb24" if codec == "libx264rgb" else pix_fmt
        stream.options = {"qp": str(qp), "preset": "ultrafast", **({"colorspace": colours} if colours else {})}
        for i, picture in enumerate(rgb):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = pts[i] if pts else i
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def packed_clip(clip: Clip, folder: Path) -> Clip:
    """The clip with its frames packed in a file of the folder."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{clip.group}.safetensors"
    path.write_bytes(clip_file.to_bytes(np.asarray(clip.frames), clip.time))
    return replace(clip, frames=EncodedFrames(str(path), clip_file.head(str(path))))
