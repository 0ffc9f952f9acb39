"""How a container and its codec say that a picture is to be shown: which way up, with what aspect, in which light.

What can be honoured is, and `description` says so; what can't is refused by name. Boxes and sizes of a film are those
of the upright picture, in stored pixels.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from nitro_ml.core.box import Box
from nitro_ml.video.container import VideoError
from nitro_ml.video.hdr import LIGHTS, Light, light_of

ASPECTS = Fraction(1, 4), Fraction(4)
"""The sample aspects that are honoured."""
MATRICES = {11: "SMPTE 2085", 12: "a derived matrix", 13: "a derived matrix", 14: "ICtCp", 15: "IPT-PQ-C2"} | {
    16: "YCgCo-R",
    17: "YCgCo-R",
}
"""Colour matrices (AVColorSpace) that are not converted."""
TRANSFERS = {8: "linear light", 9: "a logarithmic transfer", 10: "a logarithmic transfer", 17: "SMPTE 428"}
"""Transfers (AVColorTransferCharacteristic) that are not converted."""


@dataclass(frozen=True)
class Showing:
    """What has to be done to a stored picture so that it is seen as meant.

    turn: quarter turns counterclockwise, after it is mirrored left to right where `mirrored`; aspect: width of a stored
    pixel by its height; light: the HDR transfer that is mapped to SDR, or None.
    """

    turn: int = 0
    mirrored: bool = False
    aspect: Fraction = Fraction(1)
    light: Light | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the stored picture's rows and columns are those that are seen."""
        return not self.turn and not self.mirrored

    @property
    def description(self) -> list[str]:
        """What is done, in words; nothing for a plain picture."""
        degrees = [f"turned {90 * self.turn} degrees counterclockwise"] if self.turn else []
        mirrored = ["mirrored"] if self.mirrored else []
        aspect = [f"sample aspect {self.aspect.numerator}:{self.aspect.denominator}"] if self.aspect != 1 else []
        light = [f"HDR ({self.light}) mapped to SDR"] if self.light else []
        return [*mirrored, *degrees, *aspect, *light]

    def upright(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """[H, W, ...] as it is seen; a view."""
        return np.rot90(picture[:, ::-1] if self.mirrored else picture, self.turn)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the upright picture, of those that are stored."""
        return (height, width) if self.turn % 2 else (width, height)

    def shown_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height in square pixels of what is seen, never fewer than are stored."""
        wide = self.aspect >= 1
        width, height = (round(width * self.aspect), height) if wide else (width, round(height / self.aspect))
        return self.size(width, height)

    def stored(self, box: Box, width: int, height: int) -> Box:
        """Where a box of the upright picture lies in the stored one, of width x height."""
        x, y, w, h = box.x, box.y, box.w, box.h
        across, down = self.size(width, height)
        for _ in range(self.turn):  # one turn back, clockwise
            x, y, w, h, across, down = down - y - h, x, h, w, down, across
        return Box(width - x - w if self.mirrored else x, y, w, h)

    def seen(self, box: Box, width: int, height: int) -> Box:
        """Where a box of the stored picture, of width x height, lies in the upright one."""
        x, y, w, h = box.x, box.y, box.w, box.h
        x = width - x - w if self.mirrored else x
        for _ in range(self.turn):
            x, y, w, h, width, height = y, width - x - w, h, w, height, width
        return Box(x, y, w, h)


PLAIN = Showing()


def showing(frame: VideoFrame, aspect: Fraction | None, name: str) -> Showing:
    """How a decoded frame is to be shown. aspect: the container's sample aspect. Raises `VideoError` for what isn't
    honoured."""
    facts: dict[Type, Any] = {data.type: data for data in cast(Iterable[Any], frame.side_data)}
    for kind in (Type.SPHERICAL, Type.STEREO3D):
        if kind in facts and (kind is Type.SPHERICAL or _int32(facts[kind])[0]):
            found = "a panorama" if kind is Type.SPHERICAL else "two pictures in one, for two eyes,"
            raise VideoError(f"{name}: found {found} in it; needed is the flat picture of a screen.")
    for unknown, code in ((MATRICES, frame.colorspace), (TRANSFERS, frame.color_trc)):
        if code in unknown:
            raise VideoError(f"{name}: found colours in {unknown[code]}; allowed are SDR, {' and '.join(LIGHTS)}.")
    if aspect and not ASPECTS[0] <= aspect <= ASPECTS[1]:
        raise VideoError(f"{name}: found a sample aspect of {aspect}; allowed are 1:4 to 4:1.")
    turn, mirrored = _turned(facts, name)
    return Showing(turn, mirrored, aspect or Fraction(1), light_of(frame))


def _turned(facts: dict[Type, Any], name: str) -> tuple[int, bool]:
    """Quarter turns and whether it is mirrored first, of the display matrix: rows x' = a x + c y, y' = b x + d y."""
    if Type.DISPLAYMATRIX not in facts:
        return 0, False
    a, b, _, c, d = _int32(facts[Type.DISPLAYMATRIX])[:5].astype(np.float64)
    matrix = np.array([[a, c], [b, d]])
    length = np.hypot(*matrix)
    if not matrix.any():
        return 0, False
    for turn in range(4):
        for mirrored in (False, True):
            wanted = np.linalg.matrix_power([[0, 1], [-1, 0]], turn) @ np.diag([-1 if mirrored else 1, 1])
            if length.all() and np.abs(matrix / length - wanted).max() < 0.02:
                return turn, mirrored
    angle = round(float(np.degrees(np.arctan2(-b, a))))
    raise VideoError(f"{name}: found a picture turned by {angle} degrees; allowed are quarter turns.")


def _int32(data: object) -> NDArray[np.int32]:
    return np.frombuffer(data, np.int32)  # type: ignore[call-overload]  # a buffer
