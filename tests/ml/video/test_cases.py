"""Small files that real people's tools make, and what is right for each (files/cases)."""

from pathlib import Path

import av
import numpy as np
import pytest

from nitro_ml.core.labels import Labels
from nitro_ml.video.decode import Frames, VideoError, probe, read
from nitro_ml.video.overlay import overlay_video

CASES = Path(__file__).parents[1] / "files" / "cases"
FRAMES = {
    "base.mp4": 180,
    "v01_rotated90.mp4": 180,
    "v03_audio_longer_mkvmerge_notags.mkv": 180,
    "v04_last_frame_held.mp4": 150,
    "v08_facecam_first_game_default.mkv": 180,
    "v10_hdr_pq.mp4": 60,
    "v10_sdr709.mp4": 60,
    "v12_base.ts": 180,
    "v13_frag.mp4": 180,
    "v14_duplicate_pts.mkv": 150,
    "v16_opengop.mp4": 180,
}
LIKE_BASE = [
    "v03_audio_longer_mkvmerge_notags.mkv",
    "v08_facecam_first_game_default.mkv",
    "v12_base.ts",
    "v13_frag.mp4",
]


def whole(name: str, start: float = 0.0) -> Frames:
    parts = list(read(CASES / name, 64, start=start))
    return Frames(np.concatenate([p.rgb for p in parts]), np.concatenate([p.time for p in parts]))


def test_every_file_here_has_its_right_answer() -> None:
    assert {p.name for p in CASES.iterdir()} == {*FRAMES, "v09_seam_overlap_2frames.mkv"}


@pytest.mark.parametrize("name", FRAMES)
def test_every_frame_is_read_at_its_time_and_from_any_start(name: str) -> None:
    everything = whole(name)
    assert len(everything) == FRAMES[name]
    assert np.abs(everything.time - np.arange(FRAMES[name]) / 30).max() < (0.04 if "duplicate" in name else 0.0015)
    for start in (0.5, 1.02, 1.9, 4.4):
        inside = everything.time >= start
        if inside.any():
            part = whole(name, start)
            np.testing.assert_array_equal(part.time, everything.time[inside])
            np.testing.assert_array_equal(part.rgb, everything.rgb[inside])


@pytest.mark.parametrize("name", LIKE_BASE)
def test_the_same_film_in_other_containers_is_the_same_pictures(name: str) -> None:
    np.testing.assert_array_equal(whole(name).rgb, whole("base.mp4").rgb)


def test_a_film_under_another_ending_is_read_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "hls [id].mp4"
    path.write_bytes((CASES / "v12_base.ts").read_bytes())
    assert sum(len(part) for part in read(path, 32)) == 180


def test_a_turned_picture_is_upright_and_says_so() -> None:
    info = probe(CASES / "v01_rotated90.mp4")
    assert (info.width, info.height, info.picture) == (240, 320, "turned 90 degrees counterclockwise")
    np.testing.assert_array_equal(whole("v01_rotated90.mp4").rgb, np.rot90(whole("base.mp4").rgb, axes=(1, 2)))


def test_hdr_looks_as_sdr_does() -> None:
    assert probe(CASES / "v10_hdr_pq.mp4").picture == "HDR (PQ) mapped to SDR"
    hdr, sdr = (whole(name).rgb.astype(float) for name in ("v10_hdr_pq.mp4", "v10_sdr709.mp4"))
    assert np.abs(hdr - sdr).mean() < 6
    assert abs(hdr.std() / sdr.std() - 1) < 0.05


def test_which_of_two_streams_is_read_is_told() -> None:
    assert probe(CASES / "v08_facecam_first_game_default.mkv").picture == "video stream 2 of 2"


def test_a_seam_with_an_overlap_is_named() -> None:
    with pytest.raises(VideoError, match=r"times go back by 0\.0\d s after 5\.97 s, as where two recordings"):
        whole("v09_seam_overlap_2frames.mkv")


@pytest.mark.parametrize("name", ["v01_rotated90.mp4", "v03_audio_longer_mkvmerge_notags.mkv", "v14_duplicate_pts.mkv"])
def test_what_can_be_labelled_can_be_drawn(tmp_path: Path, name: str) -> None:
    one = Labels(np.zeros(1), np.zeros((1, 17), np.float32), np.zeros((1, 4), np.float32), np.ones(1, np.float32))
    out = overlay_video(CASES / name, one, tmp_path / "shown.mp4")
    info, source = probe(out), probe(CASES / name)
    assert (info.width, info.height, info.picture) == (source.width, source.height, "")
    times = np.concatenate([part.time for part in read(out, 32)])
    assert np.abs(times - whole(name).time).max() < 1e-4
    assert (np.diff(times) > 0).all()
    with av.open(str(CASES / name)) as before, av.open(str(out)) as after:
        assert len(after.streams.audio) == len(before.streams.audio)
        heard = [float((p.pts or 0) * (p.time_base or 0)) for p in after.demux() if p.size and p.stream.type == "audio"]
    assert not heard or heard[-1] > 11.9


def test_a_held_last_frame_is_held_in_the_overlay_too(tmp_path: Path) -> None:
    one = Labels(np.zeros(1), np.zeros((1, 17), np.float32), np.zeros((1, 4), np.float32), np.ones(1, np.float32))
    out = overlay_video(CASES / "v04_last_frame_held.mp4", one, tmp_path / "shown.mp4")
    assert probe(out).duration == pytest.approx(10.97, abs=0.01)
