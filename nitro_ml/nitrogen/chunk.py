"""What reading a shard yields: chunks of labelled frames, and rejects that say why something isn't one."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import Actions
from nitro_ml.core.box import Box

Variant = Literal["processed", "raw"]


@dataclass(frozen=True)
class Area:
    """A rectangle relative to the frame, each value in [0, 1]; x and y are its top left corner."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class Chunk:
    """One chunk (20 s in NitroGen) of one video, with its true inputs.

    `source` and `video_id` as NitroGen names them (youtube, twitch, ...); `frames` is T, the number of labelled frames,
    shown from `start_time` to `end_time` (seconds in the video); `width` x `height` are the pixels in which `overlay`,
    the controller's box that has to be masked, is given; `game_area` is the game's part of the frame where it is known;
    `variant` says which of the two label files was used. `reward`, float32 [T], is what the score changed by while each
    frame was shown, where that file says it (NitroGen's own never do); `flaw` says why its rewards can't be used.
    """

    source: str
    video_id: str
    url: str
    chunk: int
    game: str
    controller: str
    frames: int
    start_time: float
    end_time: float
    width: int
    height: int
    overlay: Box
    game_area: Area | None
    variant: Variant
    actions: Actions
    reward: NDArray[np.float32] | None = None
    flaw: str = ""

    @property
    def return_per_minute(self) -> float | None:
        """What the play scored, in the game's points a minute; None where it isn't known."""
        if self.reward is None:
            return None
        found = 60 * float(self.reward.sum(dtype=np.float64)) / (self.end_time - self.start_time)
        return found if math.isfinite(found) else None

    @property
    def time(self) -> NDArray[np.float64]:
        """Seconds in the video at which each frame is shown, [T]: by timestamp, since nominal frame rates lie."""
        return np.linspace(self.start_time, self.end_time, self.frames, endpoint=False, dtype=np.float64)


@dataclass(frozen=True)
class Reject:
    """One thing left out. No video id is in its text.

    item: the file or chunk, with `{video}` where its path names the video; message: what was found, what is allowed,
    and the mend; video: (source, video id) where the metadata could be read that far; url: likewise, else
    empty.
    """

    item: str
    message: str
    video: tuple[str, str] | None = None
    url: str = ""
