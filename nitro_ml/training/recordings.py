"""Recordings are videos, each with a truth file of the same name, as `nitro record` writes them.

The truth file of `GAME_0001.mp4` is `GAME_0001.actions.parquet`, beside it or in a folder `truth` beside the video's
folder. It has one row a frame in NitroGen's columns, and `time` in seconds where the frame rate is not constant.
"""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.clip import Clip
from nitro_ml.core.files.video_files import is_video
from nitro_ml.core.labels import LabelsError, read_truth
from nitro_ml.core.progress import Progress
from nitro_ml.core.timeline import REACH, nearest
from nitro_ml.video.decode import VideoError, probe, read

TRUTH = ".actions.parquet"
NUMBERED = re.compile(r"(.+)_\d+")


class RecordingError(ValueError):
    """A folder or file that is no labelled recording; the message names it, what was found, and the mend."""


@dataclass(frozen=True)
class _Recording:
    name: str
    video: Path
    truth: Path
    game: str


def recordings(
    folder: str | Path,
    size: int,
    game: str | None = None,
    *,
    refused: Callable[[Exception], None] | None = None,
    progress: Progress | None = None,
) -> list[Clip]:
    """Read the videos below `folder` that have a truth file, as labelled clips, sorted by name.

    - `size`: the side of the frames in pixels; a clip's frames are uint8 [T, size, size, 3].
    - `game`: the game of all videos; by default the part of each file's name before the number.
    - `refused`: is called with the error of a recording that cannot be used, which is then left out. Without it, the
      error is raised.
    - `progress`: is called with the share that is done, in [0, 1], and a text.

    The frames lie in temporary files that are deleted with the clips, so that memory does not grow with their number.
    Raises `RecordingError` if there is no recording, and `RecordingError`, `VideoError` or `LabelsError` for one that
    cannot be used.
    """
    found = _find(Path(folder).expanduser(), game)
    clips = []
    for number, recording in enumerate(found):
        try:
            clips.append(_clip(recording, size))
        except (RecordingError, VideoError, LabelsError) as error:
            if refused is None:
                raise
            refused(error)
        if progress:
            progress((number + 1) / len(found), f"{number + 1} of {len(found)} recordings read")
    return clips


def _find(folder: Path, game: str | None) -> list[_Recording]:
    if not folder.is_dir():
        raise RecordingError(f"{folder}: there is no such folder; needed is one with videos and their truth files.")
    if any((folder / "actions").glob("SHARD_*")):
        raise RecordingError(
            f"{folder}: its videos show the controller that they are labelled by, which a model would learn to read; "
            "record without --labelled, or train on them as NitroGen's shards (NITRO_NITROGEN)."
        )
    videos = sorted(path for path in folder.rglob("*") if is_video(path) and path.is_file())
    pairs = [(video, truth) for video in videos if (truth := _truth(video))]
    if not pairs:
        raise RecordingError(
            f"{folder}: found {len(videos)} videos, and of none a truth file; the truth of GAME_0001.mp4 is "
            f"GAME_0001{TRUTH}, beside it or in a folder `truth` beside its own."
        )
    return [_Recording(_name(video, folder), video, truth, game or _game(video)) for video, truth in pairs]


def _truth(video: Path) -> Path | None:
    places = (video.parent, video.parent.parent / "truth")
    return next((path for place in places if (path := place / f"{video.stem}{TRUTH}").is_file()), None)


def _name(video: Path, folder: Path) -> str:
    return video.relative_to(folder).with_suffix("").as_posix()


def _game(video: Path) -> str:
    if match := NUMBERED.fullmatch(video.stem):
        return match[1]
    raise RecordingError(f"{video.name}: no game in its name; call it GAME_NUMBER{video.suffix}, or name the game.")


def _clip(recording: _Recording, size: int) -> Clip:
    truth = read_truth(recording.truth, probe(recording.video).fps or 30.0)
    frames, time = _frames(recording.video, size)
    if not len(truth.time):
        raise LabelsError(f"{recording.truth.name}: no row; needed is one for each frame of {recording.video.name}.")
    row = nearest(truth.time, time)
    far = np.abs(truth.time[row] - time) > REACH + 1e-9
    near = np.flatnonzero(~far)
    if not len(near):
        raise RecordingError(
            f"{recording.truth.name}: its times ({truth.time[0]:.2f} to {truth.time[-1]:.2f} s) and those of "
            f"{recording.video.name} ({time[0]:.2f} to {time[-1]:.2f} s) don't meet; both are seconds from the video's "
            "first frame."
        )
    known = slice(int(near[0]), int(near[-1]) + 1)
    if far[known].any():
        at = time[known][far[known]][0]
        raise RecordingError(
            f"{recording.truth.name}: no row within {REACH} s of the frame at {at:.2f} s; a truth file may end early "
            "or begin late, and has no hole: cut the video there."
        )
    return Clip(frames[known], time[known], recording.game, recording.name, truth.actions[row[known]])


def _frames(video: Path, size: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """All frames in a file that has no name and goes with the array; and their times."""
    times = []
    with tempfile.TemporaryFile(prefix="nitro-frames-") as file:
        for frames in read(video, size):
            file.write(np.ascontiguousarray(frames.rgb).data)
            times.append(frames.time.copy())
        file.flush()
        time = np.concatenate(times) if times else np.empty(0)
        if not len(time):
            raise VideoError(f"{video.name}: no frame could be decoded.")
        return np.memmap(file, np.uint8, "r", shape=(len(time), size, size, 3)), time
