"""The look of one video: colours, letters and words, drawn by chance, so that hardly two videos share one."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nitro_ml.games.spec import HEIGHT, WIDTH

Image = NDArray[np.uint8]
Colour = tuple[int, ...]

_STUDIOS = ("Blue Fox Games", "Paper Moon", "Studio Nine", "Tin Robot", "Old Harbour", "Lantern", "Kettle & Co")
_CHANNELS = ("PixelPaul", "Marta plays", "RETRO HOUR", "NoHitNina", "The Couch", "QuietRuns", "gg daily", "Longplay+")
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
    cv2.FONT_HERSHEY_PLAIN,
)


@dataclass(frozen=True)
class Look:
    """dark and bright are two ends of the video's own palette; ink is for letters, mark for what stands out."""

    title: str
    studio: str
    channel: str
    dark: Colour
    bright: Colour
    ink: Colour
    mark: Colour
    font: int
    bold: int
    rimmed: bool

    @classmethod
    def draw(cls, title: str, rng: np.random.Generator) -> "Look":
        """A look by chance, with letters that stand out from what is behind them."""
        return cls(
            title=title.upper() if rng.random() < 0.7 else title,
            studio=str(rng.choice(_STUDIOS)),
            channel=str(rng.choice(_CHANNELS)),
            dark=colour(rng, 0, 70),
            bright=colour(rng, 60, 200),
            ink=colour(rng, 190, 256),
            mark=tuple(int(v) for v in rng.permutation([255, int(rng.integers(90, 220)), int(rng.integers(10, 90))])),
            font=int(rng.choice(_FONTS)),
            bold=int(rng.integers(1, 3)),
            rimmed=bool(rng.random() < 0.6),
        )

    def write(self, image: Image, text: str, place: tuple[int, int], width: int, ink: Colour | None = None) -> None:
        """One line in place, its baseline's left end at `place` (x, y), at most `width` pixels long."""
        scale = self._scale(text, width)
        if self.rimmed:
            for d in (-1, 1):
                at = (place[0] + d, place[1] + d)
                cv2.putText(image, text, at, self.font, scale, (0, 0, 0), self.bold, cv2.LINE_AA)
        cv2.putText(image, text, place, self.font, scale, ink or self.ink, self.bold, cv2.LINE_AA)

    def centre(self, image: Image, text: str, y: int, width: int, ink: Colour | None = None) -> None:
        """One line in place around the middle, its baseline at height y."""
        (w, _), _ = cv2.getTextSize(text, self.font, self._scale(text, width), self.bold)
        self.write(image, text, ((WIDTH - w) // 2, y), width, ink)

    def _scale(self, text: str, width: int) -> float:
        (w, h), _ = cv2.getTextSize(text, self.font, 1.0, self.bold)
        return min(width / w, HEIGHT / (4 * h))


def colour(rng: np.random.Generator, low: int, high: int) -> Colour:
    """Red, green and blue, each in [low, high)."""
    return tuple(int(v) for v in rng.integers(low, high, 3))


def dimmed(image: Image, share: float) -> Image:
    """The image with `share` of its brightness."""
    return np.asarray(cv2.convertScaleAbs(image, alpha=share), np.uint8)
