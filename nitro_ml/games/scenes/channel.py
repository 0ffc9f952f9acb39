"""What belongs to the channel and not to the game: its title card, and a person who talks into a camera."""

from collections.abc import Iterator

import cv2
import numpy as np

from nitro_ml.games.pad import Pad
from nitro_ml.games.recorder.annotated_frame import AnnotatedFrame
from nitro_ml.games.scenes.backdrop import painting
from nitro_ml.games.scenes.look import Image, Look, colour, dimmed
from nitro_ml.games.spec import HEIGHT, WIDTH

_SKINS = ((241, 205, 178), (224, 172, 140), (198, 134, 96), (141, 85, 54), (92, 58, 40))
_EPISODES = ("Episode {}", "Part {}", "#{}", "Run {}", "Day {}")


def intro(look: Look, frames: int, fps: int, rng: np.random.Generator) -> Iterator[AnnotatedFrame]:
    """The channel's name slides, grows or fades in over turning rays, rising discs or a plain colour."""
    back, mark = colour(rng, 20, 255), colour(rng, 20, 255)
    ground, how = str(rng.choice(["rays", "discs", "plain"])), str(rng.choice(["slide", "grow", "fade"]))
    discs = np.stack([rng.uniform(0, WIDTH, 25), rng.uniform(0, 2 * HEIGHT, 25), rng.uniform(4, 30, 25)], axis=1)
    part = str(rng.choice(_EPISODES)).format(rng.integers(1, 60))
    rays, speed = int(rng.integers(5, 14)), rng.uniform(10, 60)
    ink = (255, 255, 255) if sum(back) < 420 else (20, 20, 30)
    for i in range(frames):
        s, come = i / fps, min(1.0, i / fps / 0.8)
        image = np.full((HEIGHT, WIDTH, 3), back, np.uint8)
        if ground == "rays":
            for ray in range(rays):
                a = np.radians(speed * s + 360 * ray / rays + np.array([0, 180 / rays]))
                tip = np.stack([160 + 300 * np.cos(a), 120 + 300 * np.sin(a)], axis=1)
                cv2.fillPoly(image, [np.vstack([[160, 120], tip]).astype(np.int32)], mark, cv2.LINE_AA)
        elif ground == "discs":
            for x, y, r in discs:
                cv2.circle(image, (int(x), int((y - speed * s) % (2 * HEIGHT))), int(r), mark, -1, cv2.LINE_AA)
        cv2.rectangle(image, (30, 85), (290, 150), back, cv2.FILLED)
        words = image.copy()
        width = round(240 * (come if how == "grow" else 1.0)) + 1
        y = 130 + (round(110 * (1 - come)) if how == "slide" else 0)
        look.centre(words, look.channel, y, width, ink)
        if s > 1.0:
            look.centre(words, part, 185, 80, ink)
        come = come if how == "fade" else 1.0
        shown = np.asarray(cv2.addWeighted(words, come, image, 1 - come, 0), np.uint8)
        share = min(1.0, (frames - i) / (0.3 * fps))
        yield AnnotatedFrame(dimmed(shown, share), Pad.idle(), "intro")


def facecam(look: Look, frames: int, fps: int, rng: np.random.Generator) -> Iterator[AnnotatedFrame]:
    """Somebody talks: the head sways, the mouth opens, the eyes blink, the camera is noisy, the game is not to be seen.

    All of it moving shapes; no picture of anybody is in it.
    """
    room = np.asarray(cv2.GaussianBlur(painting(rng, HEIGHT, WIDTH), (0, 0), rng.uniform(2, 6)), np.uint8)
    person = _Person(rng)
    noise = rng.normal(0, rng.uniform(1.5, 5.0), (6, HEIGHT, WIDTH, 1)).astype(np.int16)
    said = str(rng.choice(["", "", "LIVE", "Q&A", "be right back"]))
    for i in range(frames):
        image = room.copy()
        person.draw(image, i / fps)
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.9), np.uint8)
        if said:
            look.write(image, said, (12, 225), 80)
        image = np.clip(image + noise[rng.integers(len(noise))], 0, 255).astype(np.uint8)
        yield AnnotatedFrame(image, Pad.idle(), "facecam")


class _Person:
    """Head, hair, shoulders, eyes and mouth; where they are follows a few slow waves and the rhythm of speech."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.x, self.y = rng.uniform(110, 210), rng.uniform(95, 130)
        self.size = rng.uniform(38, 62)
        self.skin = _SKINS[int(rng.integers(len(_SKINS)))]
        self.hair, self.shirt = colour(rng, 10, 140), colour(rng, 20, 220)
        self.waves = rng.uniform([0.15, 0.0, 2], [0.9, 6.3, 9], (4, 3))  # Hz, phase, pixels
        self.talk, self.blink = rng.uniform(2.5, 5.0), rng.uniform(2.0, 5.0)

    def draw(self, image: Image, seconds: float) -> None:
        hz, phase, size = self.waves.T
        sway = size * np.sin(2 * np.pi * hz * seconds + phase)
        x, y, r = self.x + sway[0] + sway[1], self.y + (sway[2] + sway[3]) / 2, self.size
        nod = sway[3] / 2
        _oval(image, (self.x + sway[0] / 2, HEIGHT + 0.3 * r), (2.1 * r, 1.7 * r), self.shirt)
        _oval(image, (x, y - 0.25 * r), (0.95 * r, 1.2 * r), self.hair)
        _oval(image, (x, y + 0.15 * r), (0.8 * r, 1.05 * r), self.skin)
        for side in (-1, 1):
            lid = 0.02 if seconds % self.blink < 0.15 else 0.1
            _oval(image, (x + side * 0.32 * r, y + 0.05 * r + nod / 4), (0.12 * r, lid * r), (30, 25, 25))
        speaking = np.sin(0.9 * seconds) > -0.6
        gape = 0.04 + 0.16 * abs(np.sin(np.pi * self.talk * seconds)) * speaking
        _oval(image, (x, y + 0.7 * r + nod / 4), (0.3 * r, gape * r), (120, 40, 45))


def _oval(image: Image, centre: tuple[float, float], axes: tuple[float, float], fill: tuple[int, ...]) -> None:
    (x, y), (w, h) = centre, axes
    cv2.ellipse(image, (round(x), round(y)), (max(round(w), 1), max(round(h), 1)), 0, 0, 360, fill, -1, cv2.LINE_AA)
