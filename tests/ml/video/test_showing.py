"""What a container says about showing a picture: honoured in pixels and boxes, or refused by name."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc
from numpy.typing import NDArray

from benchmarks.strangers.films import Kind, numbers, written
from nitro_ml.core.box import Box
from nitro_ml.core.labels import Labels
from nitro_ml.video.decode import VideoError, probe, read
from nitro_ml.video.display import Showing
from nitro_ml.video.hdr import to_sdr
from nitro_ml.video.overlay import overlay_video

ALL = [(turn, mirrored) for turn in range(4) for mirrored in (False, True)]


def pixels(path: Path, size: int = 48, **options: object) -> NDArray[np.uint8]:
    return np.concatenate([part.rgb for part in read(path, size, **options)])  # type: ignore[arg-type]


@pytest.mark.parametrize(("turn", "mirrored"), ALL)
def test_boxes_turn_with_the_picture(turn: int, mirrored: bool) -> None:
    shown, box = Showing(turn, mirrored), Box(3, 5, 10, 7)
    stored = np.zeros((40, 64), np.uint8)
    stored[5:12, 3:13] = 1
    seen = shown.seen(box, 64, 40)
    upright = shown.upright(stored)
    assert upright[seen.y : seen.y + seen.h, seen.x : seen.x + seen.w].all()
    assert upright.sum() == seen.w * seen.h
    assert shown.stored(seen, 64, 40) == box


@pytest.mark.parametrize(("turn", "mirrored"), [(0, True), (1, False), (2, False), (3, True)])
def test_masks_and_crops_are_those_of_the_upright_picture(tmp_path: Path, turn: int, mirrored: bool) -> None:
    turned = Kind(turn=turn, mirrored=mirrored, frames=3)
    path = tmp_path / "turned.mp4"
    written(turned, path)
    width, height = turned.size
    first = Box(0, 0, 16, 16)  # the block that is always bright
    assert pixels(path, crop=first).min() > 180
    assert pixels(path, mask=[first])[:, 2:10, 2:10].max() < 20
    assert pixels(path, mask=[Box(width - 16, height - 16, 16, 16)])[:, 2:10, 2:10].min() > 180
    assert probe(path).picture == "; ".join(Showing(turn, mirrored).description)


def test_a_picture_turned_by_less_than_a_quarter_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "askew.mp4"
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(30)
        sink.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        sink.mux(stream.encode(None))
    for attempt in (lambda: probe(path), lambda: pixels(path)):
        with pytest.raises(VideoError, match=r"^askew\.mp4: found a picture turned by 30 degrees; .*quarter turns"):
            attempt()


@pytest.mark.parametrize(("aspect", "turn", "shown"), [(Fraction(4, 3), 0, (84, 48)), (Fraction(8, 9), 1, (54, 64))])
def test_an_overlay_has_square_pixels(tmp_path: Path, aspect: Fraction, turn: int, shown: tuple[int, int]) -> None:
    path, kind = tmp_path / "wide.mp4", Kind(aspect=aspect, turn=turn, frames=12)
    written(kind, path)
    assert f"sample aspect {aspect.numerator}:{aspect.denominator}" in probe(path).picture
    one = Labels(np.zeros(1), np.zeros((1, 17), np.float32), np.zeros((1, 4), np.float32), np.ones(1, np.float32))
    out = probe(overlay_video(path, one, tmp_path / "out.mkv"))
    assert (out.width, out.height, out.picture) == (*shown, "")
    assert numbers(pixels(path), kind) == list(range(12))


def flat(signal: float, transfer: ColorTrc) -> av.VideoFrame:
    """A grey 10-bit BT.2020 picture of one code value, full range."""
    frame = av.VideoFrame(16, 16, "yuv444p10le")
    for plane, value in zip(frame.planes, (signal, 512 / 1023, 512 / 1023), strict=True):
        plane.update(np.full((16, plane.line_size // 2), round(value * 1023), np.uint16).tobytes())
    frame.colorspace, frame.color_range = 9, 2
    frame.color_trc, frame.color_primaries = transfer, ColorPrimaries.BT2020
    return frame


def test_light_of_100_nits_and_white_is_where_sdr_has_it() -> None:
    """PQ codes of 100 and 203 cd/m2 (ITU-R BT.2100, table 4); HLG's of white (BT.2408: 75%)."""
    assert to_sdr(flat(0.508, ColorTrc.SMPTE2084), "PQ").mean() == pytest.approx(255 * 0.735, abs=4)
    assert to_sdr(flat(0.581, ColorTrc.SMPTE2084), "PQ").mean() == pytest.approx(252, abs=3)
    assert to_sdr(flat(0.75, ColorTrc.ARIB_STD_B67), "HLG").mean() == pytest.approx(252, abs=4)
    assert to_sdr(flat(0.0, ColorTrc.SMPTE2084), "PQ").max() <= 2
    assert to_sdr(flat(1.0, ColorTrc.SMPTE2084), "PQ").min() >= 254
