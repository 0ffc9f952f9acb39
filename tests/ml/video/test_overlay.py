"""The drawn controller: it follows the inputs, stays in its box, and the redrawn video keeps its frames and times."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.box import Box
from nitro_ml.core.labels import Labels
from nitro_ml.video.decode import VideoError, probe
from nitro_ml.video.overlay import draw_controller, overlay_video

BOX = Box(10, 20, 100, 60)
TICKS = (0, 3, 5, 6, 10, 14, 15, 20)  # thirtieths of a second: a video without a constant rate


def drawn(buttons: dict[str, float] | None = None, sticks: tuple[float, ...] = (0, 0, 0, 0)) -> np.ndarray:
    image = np.full((100, 150, 3), 7, np.uint8)
    shades = np.zeros(17, np.float32)
    for name, value in (buttons or {}).items():
        shades[BUTTONS.index(name)] = value
    draw_controller(image, BOX, shades, np.array(sticks, np.float32))
    return image


def test_every_button_has_a_place_of_its_own() -> None:
    up = drawn()
    places = [(drawn({name: 1.0}) != up).any(axis=2) for name in BUTTONS]
    assert all(place.any() for place in places)
    assert np.sum(places, axis=0).max() == 1


@pytest.mark.parametrize("stick", range(4))
def test_each_stick_axis_moves_its_knob_in_proportion(stick: int) -> None:
    rest = drawn()
    changed = []
    for tilt in (0.5, 1.0):
        sticks = [0.0] * 4
        sticks[stick] = tilt
        changed.append((drawn(sticks=tuple(sticks)) != rest).any(axis=2).sum())
    assert 0 < changed[0] < changed[1]


def test_shade_follows_probability_and_nothing_is_drawn_outside_the_box() -> None:
    red = [int(drawn({"south": p})[..., 0].astype(int).sum()) for p in (0.0, 0.3, 0.7, 1.0)]
    assert red == sorted(red)
    assert len(set(red)) == 4
    outside = np.ones((100, 150), bool)
    outside[BOX.y : BOX.y + BOX.h, BOX.x : BOX.x + BOX.w] = False
    everything = drawn(dict.fromkeys(BUTTONS, 1.0), (1, 1, -1, -1))
    assert (everything[outside] == 7).all()


def write_video(path: Path) -> None:
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 322, 242, "yuv420p"
        for tick in TICKS:
            frame = VideoFrame.from_ndarray(np.full((242, 322, 3), 60, np.uint8), format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, 30)
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))


def test_a_redrawn_video_keeps_its_size_and_times_and_shows_the_nearest_label(tmp_path: Path) -> None:
    video, out = tmp_path / "in.mp4", tmp_path / "out.mp4"
    write_video(video)
    time = np.array([0.0, 0.34, 0.66])
    buttons = np.zeros((3, 17), np.float32)
    buttons[1, BUTTONS.index("left_trigger")] = 1.0
    overlay_video(video, Labels(time, buttons, np.zeros((3, 4), np.float32), np.ones(3, np.float32)), out)
    with av.open(str(out)) as result:
        frames = list(result.decode(video=0))
    assert [round(float(f.time) * 30) for f in frames] == list(TICKS)
    assert (probe(out).width, probe(out).height) == (322, 242)
    images = np.stack([f.to_ndarray(format="rgb24") for f in frames]).astype(int)
    lit = np.abs(images - images[0]).max(axis=(1, 2, 3)) > 60
    nearest = [int(np.abs(time - tick / 30).argmin()) == 1 for tick in TICKS]
    assert lit.tolist() == nearest


def test_a_damaged_video_or_empty_labels_leave_no_file(tmp_path: Path) -> None:
    video, out = tmp_path / "in.mp4", tmp_path / "out.mp4"
    one = Labels(np.zeros(1), np.zeros((1, 17), np.float32), np.zeros((1, 4), np.float32), np.ones(1, np.float32))
    none = Labels(one.time[:0], one.buttons[:0], one.sticks[:0], one.confidence[:0])
    video.write_bytes(b"no video at all")
    with pytest.raises(VideoError, match=r"in\.mp4"):
        overlay_video(video, one, out)
    with pytest.raises(ValueError, match="empty"):
        overlay_video(video, none, out)
    assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]
