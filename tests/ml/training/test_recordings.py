"""A folder of one's own recordings: what is a labelled clip, and what is not and why."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nitro_ml.core.clip import Clip
from nitro_ml.core.labels import LabelsError
from nitro_ml.games.recorder.shard import actions_table
from nitro_ml.training.recordings import RecordingError, recordings
from nitro_ml.video.decode import VideoError
from tests.ml.moving import square_clip, write_video


def recorded(folder: Path, name: str, seed: int, truth: str = "truth") -> Clip:
    """`folder/videos/NAME.mp4` and its truth, as `nitro record` lays them out."""
    clip = square_clip(seed, frames=60)
    assert clip.actions is not None
    for place in ("videos", truth):
        (folder / place).mkdir(parents=True, exist_ok=True)
    write_video(folder / "videos" / f"{name}.mp4", clip.frames[:])
    table = actions_table(clip.actions).with_columns(time=pl.Series(clip.time))
    table.write_parquet(folder / truth / f"{name}.actions.parquet")
    return clip


def test_videos_with_their_truth_are_clips_by_game_and_name(tmp_path: Path) -> None:
    one, other = recorded(tmp_path, "pong_0000", 1), recorded(tmp_path, "space_race_12", 2, truth="videos")
    (tmp_path / "videos" / "unlabelled.mp4").write_bytes((tmp_path / "videos" / "pong_0000.mp4").read_bytes())
    found = recordings(tmp_path, 32)
    assert [(c.game, c.group) for c in found] == [("pong", "videos/pong_0000"), ("space_race", "videos/space_race_12")]
    for clip, was in zip(found, (one, other), strict=True):
        assert clip.actions is not None
        assert was.actions is not None
        assert np.abs(clip.frames[:].astype(int) - was.frames[:]).max() <= 2
        assert (clip.actions.buttons == was.actions.buttons).all()
    assert {c.game for c in recordings(tmp_path, 32, "tennis")} == {"tennis"}


def test_truth_that_ends_early_ends_the_clip_and_one_with_a_hole_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path, "pong_0", 1)
    path = tmp_path / "truth" / "pong_0.actions.parquet"
    whole = pl.read_parquet(path)
    whole.head(30).write_parquet(path)
    (clip,) = recordings(tmp_path, 32)
    assert 30 <= len(clip) <= 33, "and the frames within a tenth of a second"
    pl.concat([whole.head(10), whole.tail(10)]).write_parquet(path)
    with pytest.raises(RecordingError, match=r"^pong_0.actions.parquet: no row within 0.1 s of the frame at 0.43 s"):
        recordings(tmp_path, 32)
    whole.with_columns(pl.col("time") + 1000).write_parquet(path)
    with pytest.raises(RecordingError, match="don't meet"):
        recordings(tmp_path, 32)


def test_a_bad_recording_costs_only_itself(tmp_path: Path) -> None:
    for number in range(3):
        recorded(tmp_path, f"pong_{number}", number)
    (tmp_path / "videos" / "pong_0.mp4").write_bytes(b"no video")
    (tmp_path / "truth" / "pong_1.actions.parquet").write_bytes(b"no table")
    told: list[Exception] = []
    assert [c.group for c in recordings(tmp_path, 32, refused=told.append)] == ["videos/pong_2"]
    assert [type(error) for error in told] == [VideoError, LabelsError]
    with pytest.raises(VideoError, match=r"pong_0.mp4: not a readable video"):
        recordings(tmp_path, 32)


def test_a_folder_without_labelled_recordings_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="there is no such folder"):
        recordings(tmp_path / "nosuch", 32)
    with pytest.raises(RecordingError, match="found 0 videos, and of none a truth file"):
        recordings(tmp_path, 32)
    recorded(tmp_path, "monday", 1)
    with pytest.raises(RecordingError, match=r"monday.mp4: no game in its name; call it GAME_NUMBER.mp4"):
        recordings(tmp_path, 32)
    (tmp_path / "actions" / "SHARD_0000").mkdir(parents=True)
    with pytest.raises(RecordingError, match="show the controller that they are labelled by"):
        recordings(tmp_path, 32)
