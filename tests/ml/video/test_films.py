"""Videos of every kind that a container allows, generated: whole, cut, joined, in parts, and under any name."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.strangers import files
from benchmarks.strangers.films import WRAP, Kind, drawn, numbers, written
from nitro_ml.sandbox.video import Decoder
from nitro_ml.video.decode import CutError, Frames, VideoError, probe, read


def whole(path: Path, start: float = 0.0) -> Frames:
    parts = list(read(path, 48, start=start))
    return Frames(np.concatenate([p.rgb for p in parts]), np.concatenate([p.time for p in parts]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1 << 40), share=st.floats(0, 0.99))
def test_any_start_gives_what_reading_from_0_gives(folder: Path, seed: int, share: float) -> None:
    kind = drawn(np.random.default_rng(seed))
    path = folder / f"film{kind.suffix}"
    times = written(kind, path, seed)
    everything = whole(path)
    assert numbers(everything.rgb, kind) == list(range(kind.frames))
    np.testing.assert_allclose(everything.time, times, atol=0.0021)
    assert (probe(path).width, probe(path).height) == kind.size
    start = share * everything.time[-1]
    part, inside = whole(path, start), everything.time >= start
    np.testing.assert_array_equal(part.time, everything.time[inside])
    np.testing.assert_array_equal(part.rgb, everything.rgb[inside])


ENDED = ("mp4", "mp4, index first", "mp4, fragments", "mp4, DASH", "mkv", "webm", "flv", "avi")


@pytest.mark.parametrize("container", ENDED)
def test_what_is_cut_in_its_pictures_is_refused_as_cut(tmp_path: Path, container: str) -> None:
    path = tmp_path / "cut"
    written(Kind(container, "vp9" if container == "webm" else "h264"), path)
    data = path.read_bytes()
    for share in (0.4, 0.61):
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(VideoError if container in ("mp4", "avi") else CutError, match=r"^cut: "):
            whole(path)


@pytest.mark.parametrize("container", ["mp4, fragments", "mkv", "webm", "avi"])
def test_what_lacks_only_its_trailer_is_whole(tmp_path: Path, container: str) -> None:
    path = tmp_path / "film"
    times = written(Kind(container, {"webm": "vp8", "avi": "mpeg4"}.get(container, "h264")), path)
    path.write_bytes(path.read_bytes()[:-40])
    assert len(whole(path)) == len(times)


@pytest.mark.parametrize("offset", [WRAP - 1.0, WRAP - 0.02, 100_000.0])
def test_a_clock_that_wraps_goes_on(tmp_path: Path, offset: float) -> None:
    path = tmp_path / "live.ts"
    times = written(Kind("ts", "h264, B", offset=offset), path)
    np.testing.assert_allclose(whole(path).time, times, atol=1e-4)
    assert not probe(path).picture


def test_a_transport_stream_goes_on_over_a_seam_and_says_so(tmp_path: Path) -> None:
    path, kind = tmp_path / "joined.ts", Kind("ts", "h264, B", offset=10.0, streams="sound, longer")
    times = written(kind, path)
    path.write_bytes(path.read_bytes() * 2)
    both = whole(path)
    assert numbers(both.rgb, kind) == list(range(kind.frames)) * 2
    np.testing.assert_allclose(both.time[len(times) :] - both.time[len(times)], times, atol=1e-4)
    assert both.time[len(times)] - both.time[len(times) - 1] == pytest.approx(1 / 30, abs=1e-4)
    assert "1 seam" in probe(path).picture
    late = whole(path, 2.0)
    np.testing.assert_array_equal(late.rgb, both.rgb[both.time >= 2])


def test_a_recording_that_begins_between_two_key_frames(tmp_path: Path) -> None:
    path, kind = tmp_path / "begun.ts", Kind("ts", "h264", gop=12)
    written(kind, path)
    data = path.read_bytes()
    path.write_bytes(data[188 * (len(data) // 188 // 4) :])
    seen = numbers(whole(path).rgb, kind)
    assert seen[0] % 12 == 0
    assert seen == list(range(seen[0], kind.frames))


def test_a_generated_field_of_files_comes_out_right(tmp_path: Path) -> None:
    found = files.Found()
    with Decoder(stall=60.0) as decoder:
        for number in range(8):
            files.one(number, tmp_path, decoder, found)
    assert found == files.Found()
