"""What a game shows when it isn't played: a title screen, menus and a loading screen, drawn in the look of a seed."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nitro_ml.arcade.games import HEIGHT, WIDTH

_ITEMS = ("Play", "Continue", "Options", "Scores", "Sound", "Controls", "Credits", "Quit")
_TIPS = ("Loading", "Please wait", "Get ready", "Preparing stage", "Now loading")
_STUDIOS = ("Blue Fox Games", "Paper Moon", "Studio Nine", "Tin Robot", "Old Harbour")
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Look:
    """Colours, letters, words and layout of one game's screens; every picture is uint8 [240, 320, 3] RGB."""

    title: str
    studio: str
    tip: str
    items: tuple[str, ...]
    back: Image
    ink: tuple[int, ...]
    mark: tuple[int, ...]
    font: int
    left: int

    @classmethod
    def draw(cls, title: str, rng: np.random.Generator) -> "Look":
        """A look by chance, with letters that stand out from their background."""
        top, bottom = rng.integers(0, 110, (2, 3))
        fade = np.linspace(0.0, 1.0, HEIGHT)[:, None, None]
        back = np.tile((top * (1 - fade) + bottom * fade).astype(np.uint8), (1, WIDTH, 1))
        return cls(
            title=title.upper(),
            studio=str(rng.choice(_STUDIOS)),
            tip=str(rng.choice(_TIPS)),
            items=tuple(rng.choice(_ITEMS, size=rng.integers(3, 6), replace=False)),
            back=back,
            ink=tuple(int(v) for v in rng.integers(180, 256, 3)),
            mark=tuple(int(v) for v in np.roll((255, 190, 40), rng.integers(3))),
            font=int(rng.choice(_FONTS)),
            left=int(rng.integers(40, 130)),
        )

    def title_screen(self, seconds: float) -> Image:
        """The game's name, its makers, and a blinking line."""
        image = self.back.copy()
        cv2.rectangle(image, (16, 50), (WIDTH - 16, 112), self.mark, 2)
        self._centred(image, self.title, 90, self._scale(self.title, 260))
        self._centred(image, self.studio, 140, 0.5)
        if seconds % 1.0 < 0.6:
            self._centred(image, "PRESS START", 195, 0.6)
        return image

    def menu_screen(self, cursor: int) -> Image:
        """The items one below the other, and a cursor beside one of them."""
        image = self.back.copy()
        cv2.putText(image, self.title, (20, 36), self.font, self._scale(self.title, 200), self.mark, 1, cv2.LINE_AA)
        for i, item in enumerate(self.items):
            y = 80 + 32 * i
            cv2.putText(image, item, (self.left, y), self.font, 0.7, self.ink, 1, cv2.LINE_AA)
            if i == cursor:
                cv2.rectangle(image, (self.left - 24, y - 14), (self.left - 10, y), self.mark, cv2.FILLED)
        return image

    def loading_screen(self, share: float) -> Image:
        """A line of text and a bar that is full at `share` = 1."""
        image = self.back // 3
        self._centred(image, self.tip, 120, 0.7)
        cv2.rectangle(image, (60, 150), (260, 164), self.ink, 1)
        cv2.rectangle(image, (62, 152), (62 + round(196 * share), 162), self.mark, cv2.FILLED)
        return image

    def _scale(self, text: str, width: int) -> float:
        (w, _), _ = cv2.getTextSize(text, self.font, 1.0, 1)
        return min(1.2, width / w)

    def _centred(self, image: Image, text: str, y: int, scale: float) -> None:
        (w, _), _ = cv2.getTextSize(text, self.font, scale, 1)
        cv2.putText(image, text, ((WIDTH - w) // 2, y), self.font, scale, self.ink, 1, cv2.LINE_AA)
