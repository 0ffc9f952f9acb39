"""Recordings: the picture, the drawn controller and the truth agree; shards have NitroGen's layout."""

import io
import json
import tarfile
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest

from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.box import Box
from nitro_ml.core.labels import read_labels
from nitro_ml.games import Published, Recording, record_to, save_truth, write_shard
from nitro_ml.games.recorder.record import record
from nitro_ml.nitrogen.chunk import Chunk
from nitro_ml.nitrogen.reader import read_shard
from nitro_ml.video.decode import probe
from nitro_ml.video.overlay import draw_controller


def _decoded(video: Path) -> np.ndarray:
    with av.open(str(video)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record("boxing", 660, 1, tmp_path_factory.mktemp("labelled") / "a.mp4", labelled=True)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record("breakout", 1500, 2, tmp_path_factory.mktemp("plain") / "b.mp4")


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    files = [record("basic", 60, seed, tmp_path / f"{i}.mp4", labelled=True).video for i, seed in enumerate((5, 5, 6))]
    first, again, other = (f.read_bytes() for f in files)
    assert first == again
    assert first != other


def test_the_drawn_controller_shows_the_inputs_of_its_own_frame(labelled: Recording) -> None:
    assert labelled.layout is not None
    box, frames = labelled.layout.overlay, _decoded(labelled.video)
    assert len(frames) == len(labelled.actions) == len(labelled.time) == 660
    buttons, sticks = labelled.actions.buttons, labelled.actions.sticks
    changes = np.flatnonzero((buttons[1:] != buttons[:-1]).any(axis=1)) + 1
    assert len(changes) > 20

    def drawn(frame: int) -> np.ndarray:
        image = np.zeros((box.h, box.w, 3), np.uint8)
        draw_controller(image, Box(0, 0, box.w, box.h), buttons[frame], sticks[frame])
        return image.astype(np.float64)

    for i in changes.tolist():
        seen = frames[i, box.y : box.y + box.h, box.x : box.x + box.w]
        assert np.abs(seen - drawn(i)).mean() < np.abs(seen - drawn(i - 1)).mean()


def test_the_overlay_reaches_into_the_game_and_stays_in_the_picture(tmp_path: Path) -> None:
    boxes = set()
    for seed in range(6):
        recording = record("pong", 2, seed, tmp_path / "x.mp4", labelled=True, fps=60)
        assert recording.layout is not None
        game, overlay = recording.layout.game, recording.layout.overlay
        shared = min(game.x + game.w, overlay.x + overlay.w) - max(game.x, overlay.x)
        assert 10 < shared < 40
        assert overlay.x >= 0
        assert overlay.x + overlay.w <= 426
        assert overlay.y >= 0
        assert overlay.y + overlay.h <= 240
        boxes.add(overlay)
    assert len(boxes) > 3
    assert (probe(tmp_path / "x.mp4").width, probe(tmp_path / "x.mp4").fps) == (426, 60)


def test_a_plain_recording_has_no_controller_and_segments_without_gaps(plain: Recording) -> None:
    assert plain.layout is None
    assert (probe(plain.video).width, probe(plain.video).height) == (320, 240)
    assert [s.kind for s in plain.segments][:3] == ["intro", "menu", "loading"]
    edges = [plain.segments[0].start, *(s.end for s in plain.segments)]
    assert edges == [0.0, *(s.start for s in plain.segments[1:]), 50.0]


def test_the_truth_is_a_file_that_labels_can_be_held_against(plain: Recording, tmp_path: Path) -> None:
    actions, segments = save_truth(plain, tmp_path)
    truth = read_labels(actions)
    assert (truth.time == plain.time).all()
    assert (truth.buttons == plain.actions.buttons).all()
    assert (truth.sticks == plain.actions.sticks).all()
    assert pl.read_parquet(segments)["kind"].to_list() == [s.kind for s in plain.segments]


def test_a_shard_has_nitrogens_layout(labelled: Recording, tmp_path: Path) -> None:
    ids = ["video0", "video1", "video2"]
    write_shard(tmp_path, 7, [Published(labelled, "site", v, f"http://127.0.0.1:1/watch/{v}") for v in ids])
    with tarfile.open(tmp_path / "actions" / "SHARD_0007.tar.gz") as tar:
        members = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
    expected = {
        f"SHARD_0007/{v}/{v}_chunk_{chunk:04d}/{name}"
        for v in ids
        for chunk in (0, 1)
        for name in ("actions_raw.parquet", "metadata.json", "actions_processed.parquet")
        if v == "video1" or name != "actions_processed.parquet"
    }
    assert set(members) == expected
    tables = [pl.read_parquet(io.BytesIO(members[f"SHARD_0007/{v}/{v}_chunk_0000/actions_raw.parquet"])) for v in ids]
    assert [t.columns for t in tables] == [[*BUTTONS, "j_left", "j_right", "reward"]] * 3
    assert [t.schema["south"] for t in tables] == [pl.Boolean, pl.Int32, pl.Float64]
    assert [t.height for t in tables] == [600] * 3
    about = json.loads(members["SHARD_0007/video0/video0_chunk_0001/metadata.json"])
    video = about["original_video"]
    assert about["chunk_size"] == 60  # what is left of 22 seconds
    assert video["resolution"] == [240, 426]
    assert (video["start_time"], video["end_time"], video["start_frame"], video["end_frame"]) == (20.0, 22.0, 600, 660)
    assert {"xtl", "ytl", "xbr", "ybr"} == set(about["bbox_game_area"])
    assert max(about["bbox_game_area"].values()) == 1.0


def test_the_shards_reader_takes_what_was_played(labelled: Recording, tmp_path: Path) -> None:
    ids = ["video0", "video1"]
    write_shard(tmp_path, 0, [Published(labelled, "site", v, f"http://127.0.0.1:1/watch/{v}") for v in ids])
    found = [c for c in read_shard(str(tmp_path), "SHARD_0000") if isinstance(c, Chunk)]
    assert {(c.video_id, c.variant) for c in found} == {("video0", "raw"), ("video1", "processed")}
    for video in ids:
        chunks = sorted((c for c in found if c.video_id == video), key=lambda c: c.chunk)
        assert_as_played(chunks, labelled)


def assert_as_played(chunks: list[Chunk], labelled: Recording) -> None:
    assert labelled.layout is not None
    assert np.concatenate([c.actions.buttons for c in chunks]).tolist() == labelled.actions.buttons.tolist()
    assert {c.overlay for c in chunks} == {labelled.layout.overlay}
    assert np.allclose(np.concatenate([c.time for c in chunks]), labelled.time)
    assert np.abs(labelled.rewards).sum() > 0
    assert np.concatenate([c.reward for c in chunks if c.reward is not None]).tolist() == labelled.rewards.tolist()
    assert [c.return_per_minute for c in chunks] == [
        pytest.approx(labelled.rewards[:600].sum() * 3),
        pytest.approx(labelled.rewards[600:].sum() * 30),
    ]


def test_a_folder_grows_by_one_video_a_call(tmp_path: Path) -> None:
    for seed in (0, 1):
        assert all(path.is_file() for path in record_to(tmp_path, "freeway", 40, seed, labelled=True))
    record_to(tmp_path, "freeway", 40, 2)
    assert sorted(p.name for p in (tmp_path / "actions").iterdir()) == ["SHARD_0000.tar.gz", "SHARD_0001.tar.gz"]
    assert sorted(p.name for p in (tmp_path / "videos").iterdir()) == [f"freeway_000{i}.mp4" for i in range(3)]
    assert len(list((tmp_path / "truth").iterdir())) == 6


def test_no_frames_are_no_recording(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frames is 0; at least 1 is needed"):
        record("pong", 0, 0, tmp_path / "x.mp4")
    assert list(tmp_path.iterdir()) == []
