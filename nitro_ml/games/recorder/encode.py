"""H.264 in MP4, one frame after the other, on one thread: the same frames give the same bytes."""

from collections.abc import Iterable
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

OPTIONS = {"preset": "ultrafast", "crf": "23", "threads": "1"}


def encode(frames: Iterable[NDArray[np.uint8]], path: Path, fps: int) -> None:
    """Writes the frames (uint8 [H, W, 3] RGB, even sides, all alike) as 4:2:0 video; `path` appears when it is done.

    Raises ValueError when there are no frames.
    """
    partial = path.with_name(f".{path.stem}.partial.mp4")
    try:
        with av.open(f"file:{partial}", "w") as container:
            stream = None
            for image in frames:
                if stream is None:
                    stream = container.add_stream("libx264", rate=fps, options=OPTIONS)
                    stream.height, stream.width = image.shape[:2]
                    stream.pix_fmt = "yuv420p"
                # Many times faster than swscale, and as good here.
                planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420), np.uint8)
                container.mux(stream.encode(VideoFrame.from_ndarray(planes, format="yuv420p")))
            if stream is None:
                raise ValueError(f"{path.name}: no frames to encode; at least one is needed.")
            container.mux(stream.encode(None))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
