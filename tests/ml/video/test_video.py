"""Decoding: times from the container, masks that hide, one resize, and damage that is told."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from nitro_ml.core.box import Box
from nitro_ml.video.decode import Frames, VideoError, probe, read
from nitro_ml.video.resize import resize
from tests.ml.moving import write_video

RNG = np.random.default_rng(3)


def noise(frames: int, height: int = 120, width: int = 160) -> NDArray[np.uint8]:
    return RNG.integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def whole(path: Path, size: int = 48, **options: object) -> Frames:
    parts = list(read(path, size, **options))  # type: ignore[arg-type]
    return Frames(np.concatenate([p.rgb for p in parts]), np.concatenate([p.time for p in parts]))


def test_times_are_the_containers(tmp_path: Path) -> None:
    fast = write_video(tmp_path / "fast.mp4", noise(30), fps=60, codec="libx264")
    np.testing.assert_allclose(whole(fast).time, np.arange(30) / 60, atol=1e-6)
    assert probe(fast).fps == 60
    assert probe(fast).frames == 30
    stamps = [500, 520, 560, 660, 670, 900, 933]
    varying = write_video(tmp_path / "varying.mkv", noise(7), pts=stamps)
    np.testing.assert_allclose(whole(varying).time, (np.array(stamps) - 500) / 1000, atol=1e-6)


def test_batches_and_a_part_of_the_video_are_the_same_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", noise(90), codec="libx264")
    everything = whole(path)
    assert [len(p) for p in read(path, 48, batch=40)] == [40, 40, 10]
    part = whole(path, start=1.0, end=2.0)
    inside = (everything.time >= 1) & (everything.time < 2)
    np.testing.assert_array_equal(part.time, everything.time[inside])
    np.testing.assert_array_equal(part.rgb, everything.rgb[inside])


def test_a_live_frame_goes_through_the_same_resize(tmp_path: Path) -> None:
    rgb = noise(5)
    read_back = whole(write_video(tmp_path / "a.mkv", rgb), 48).rgb
    np.testing.assert_array_equal(read_back, np.stack([resize(frame, 48) for frame in rgb]))


def area(n: int, size: int) -> NDArray[np.float32]:
    """float32 [size, n]: the exact share of each of n pixels in each of `size`."""
    edges = np.arange(size + 1) * n / size
    shares = np.minimum(edges[1:, None], np.arange(1, n + 1)) - np.maximum(edges[:-1, None], np.arange(n))
    return (shares.clip(0) * size / n).astype(np.float32)


def scenery(frames: int, height: int, width: int) -> NDArray[np.uint8]:
    """Fine grey texture on soft colours, and hard-edged squares of strong colours moving over it."""

    def blurred(channels: int, sigma: float) -> NDArray[np.float64]:
        field = cv2.GaussianBlur(RNG.standard_normal((height, width, channels)), (0, 0), sigma)
        return field.reshape(height, width, channels) / field.std()

    ground = (120 + 25 * blurred(1, 1.5) + 40 * blurred(3, 12)).clip(0, 255).astype(np.uint8)
    film = np.repeat(ground[None], frames, 0)
    for colour in RNG.integers(0, 256, (6, 3)):
        x, y = RNG.integers(0, width - 50), RNG.integers(0, height - 50)
        for i, picture in enumerate(film):
            picture[y : y + 40, x + i : x + i + 40] = colour
    return film


@pytest.mark.parametrize(
    ("height", "width", "size", "pixels", "colours"),
    [
        (720, 1280, 256, "yuv420p", "bt709"),
        (360, 640, 96, "yuv420p", "smpte170m"),
        (362, 642, 160, "yuvj420p", "bt709"),
        (480, 854, 64, "yuv444p", "smpte240m"),
        (240, 426, 128, "yuv422p", "bt2020nc"),
        (240, 320, 256, "yuv420p", ""),
    ],
)
def test_the_resize_is_full_resolution_colour_then_exact_area(
    tmp_path: Path, height: int, width: int, size: int, pixels: str, colours: str
) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, scenery(2, height, width), codec="libx264", pix_fmt=pixels, colours=colours, qp=20)
    with av.open(str(path)) as container:
        last = list(container.decode(video=0))[-1]
    full = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
    rgb = np.asarray(last.reformat(format="rgb24", interpolation=full).to_ndarray(), np.uint8)
    exact = np.einsum("ih,hwc,jw->ijc", area(height, size), rgb.astype(np.float32), area(width, size), optimize=True)
    off = np.abs(whole(path, size).rgb[-1] - exact)
    assert off.mean() < 1
    assert np.percentile(off, 99) <= 3
    live = np.abs(resize(rgb, size) - exact)
    assert live.mean() < 1
    assert np.percentile(live, 99) <= 3


def test_nothing_under_the_mask_gets_through(tmp_path: Path) -> None:
    rgb, box = noise(6), Box(31, 51, 47, 33)
    other = rgb.copy()
    other[:, box.y : box.y + box.h, box.x : box.x + box.w] = noise(6, box.h, box.w)
    paths = [write_video(tmp_path / f"{i}.mkv", pixels) for i, pixels in enumerate((rgb, other))]
    plain, masked = ([whole(p, mask=m, crop=Box(10, 20, 120, 90)).rgb for p in paths] for m in ((), (box,)))
    assert not np.array_equal(plain[0], plain[1])
    np.testing.assert_array_equal(masked[0], masked[1])


def test_boxes_outside_the_picture_are_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", noise(3))
    with pytest.raises(ValueError, match=r"reaches out of the 160x120"):
        whole(path, crop=Box(100, 0, 100, 50))
    with pytest.raises(ValueError, match=r"outside the 160x120"):
        whole(path, mask=[Box(200, 0, 10, 10)])


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv"])
def test_a_truncated_file_gives_its_sound_part_and_says_where_it_ends(tmp_path: Path, name: str) -> None:
    fast_start = {"movflags": "faststart"} if name.endswith("mp4") else {}
    path = write_video(tmp_path / name, noise(90), codec="libx264", options=fast_start)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    seen: list[int] = []
    with pytest.raises(VideoError, match=rf"{name}: .*1\.\d+ s of 3.00 s"):
        seen.extend(len(part) for part in read(path, 48, batch=10))
    assert sum(seen) >= 30


@pytest.mark.parametrize("content", [b"", b"not a video" * 99, b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n"])
def test_what_is_no_video_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.mp4"
    path.write_bytes(content)
    for attempt in (lambda: probe(path), lambda: whole(path)):
        with pytest.raises(VideoError, match=r"^odd\.mp4: "):
            attempt()


def test_found_by_fuzzing_odd_names_in_a_header(tmp_path: Path) -> None:
    path = write_video(tmp_path / "odd.mp4", noise(5), codec="libx264")
    sound = path.read_bytes()
    path.write_bytes(sound.replace(b"isom", b"\xa0\xa1\xa2\xa3"))
    assert probe(path).frames == len(whole(path)) == 5
    path.write_bytes(sound.replace(b"avc1", b"\xa0\xa1\xa2\xa3"))
    with pytest.raises(VideoError, match=r"^odd\.mp4: found video of an unknown codec"):
        probe(path)
