"""What is behind the letters: still pictures and moving ones, painted by chance."""

from collections.abc import Callable

import cv2
import numpy as np

from nitro_ml.games.scenes.look import Colour, Image, Look, colour, dimmed
from nitro_ml.games.spec import HEIGHT, WIDTH

Backdrop = Callable[[float], Image]
"""From seconds to a picture of one's own, uint8 [240, 320, 3]."""


def backdrop(look: Look, shot: Image, rng: np.random.Generator) -> Backdrop:
    """One of the kinds by chance. shot: a picture of the game, which some menus show blurred."""
    painters = (_fade, _still, _drift, _stripes, _stars, _blurred)
    return painters[int(rng.integers(len(painters)))](look, shot, rng)


def fade(top: Colour, bottom: Colour) -> Image:
    """From one colour down to the other."""
    share = np.linspace(0.0, 1.0, HEIGHT)[:, None, None]
    return np.tile((np.array(top) * (1 - share) + np.array(bottom) * share).astype(np.uint8), (1, WIDTH, 1))


def painting(rng: np.random.Generator, height: int = 2 * HEIGHT, width: int = 2 * WIDTH) -> Image:
    """A landscape of hills, houses, trees and somebody, larger than the picture so that a camera can move in it."""
    sky, ground = colour(rng, 40, 240), colour(rng, 20, 160)
    image = np.asarray(cv2.resize(fade(sky, colour(rng, 20, 200)), (width, height)), np.uint8)
    cv2.circle(image, (int(rng.integers(width)), int(rng.integers(height // 3))), int(rng.integers(15, 60)), sky, -1)
    horizon = int(height * rng.uniform(0.45, 0.75))
    for depth in range(int(rng.integers(1, 4))):
        tops = rng.integers(horizon - 120, horizon + 10, 9)
        ridge = np.stack([np.linspace(0, width, 9), tops], axis=1)
        shape = np.vstack([ridge, [width, height], [0, height]]).astype(np.int32)
        cv2.fillPoly(image, [shape], [int(c * (0.9 - 0.2 * depth)) for c in ground], cv2.LINE_AA)
    for _ in range(int(rng.integers(4, 16))):
        x, y = int(rng.integers(width)), int(rng.integers(horizon, height))
        w, h = (int(v) for v in rng.integers(12, 90, 2))
        if rng.random() < 0.5:
            cv2.rectangle(image, (x, y - h), (x + w, y), colour(rng, 10, 220), cv2.FILLED)
            cv2.rectangle(image, (x + w // 3, y - h // 2), (x + w // 2, y), colour(rng, 0, 90), cv2.FILLED)
        else:
            cv2.ellipse(image, (x, y - h), (w // 2, h // 2), 0, 0, 360, colour(rng, 10, 200), cv2.FILLED, cv2.LINE_AA)
            cv2.line(image, (x, y - h // 2), (x, y), colour(rng, 20, 90), 4)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)


def view(image: Image, x: float, y: float, zoom: float) -> Image:
    """Part of a larger image: `zoom` of its pixels to one of the picture, around the relative place x, y in [0, 1]."""
    height, width = image.shape[:2]
    w, h = WIDTH * zoom, HEIGHT * zoom
    left, top = x * (width - w), y * (height - h)
    turn = np.array([[1 / zoom, 0, -left / zoom], [0, 1 / zoom, -top / zoom]])
    return np.asarray(
        cv2.warpAffine(image, turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8
    )


def _fade(look: Look, _shot: Image, _rng: np.random.Generator) -> Backdrop:
    image = fade(look.dark, look.bright)
    return lambda _: image.copy()


def _still(_look: Look, _shot: Image, rng: np.random.Generator) -> Backdrop:
    image = dimmed(painting(rng, HEIGHT, WIDTH), rng.uniform(0.4, 0.8))
    return lambda _: image.copy()


def _drift(_look: Look, _shot: Image, rng: np.random.Generator) -> Backdrop:
    image, speed = dimmed(painting(rng), rng.uniform(0.4, 0.8)), rng.uniform(0.2, 0.8)
    return lambda s: view(image, 0.5 + 0.4 * np.sin(speed * s), 0.5 + 0.3 * np.cos(0.7 * speed * s), 1.2)


def _stripes(look: Look, _shot: Image, rng: np.random.Generator) -> Backdrop:
    width, speed = int(rng.integers(12, 60)), rng.uniform(8, 60)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    slanted = x + y * int(rng.integers(-1, 2))
    dark, light = np.array(look.dark), np.array(look.dark) * 0.6 + np.array(look.bright) * 0.4

    def at(seconds: float) -> Image:
        odd = ((slanted + int(speed * seconds)) // width % 2)[..., None]
        return np.where(odd, light, dark).astype(np.uint8)

    return at


def _stars(look: Look, _shot: Image, rng: np.random.Generator) -> Backdrop:
    n, down = int(rng.integers(30, 120)), rng.random() < 0.5
    x, y, speed = rng.uniform(0, WIDTH, n), rng.uniform(0, HEIGHT, n), rng.uniform(5, 50, n)
    sky = dimmed(fade(look.dark, look.dark), 0.7)

    def at(seconds: float) -> Image:
        image = sky.copy()
        xs = (x + (0 if down else seconds) * speed) % WIDTH
        ys = (y + (seconds if down else 0) * speed) % HEIGHT
        image[ys.astype(int), xs.astype(int)] = look.ink
        return image

    return at


def _blurred(_look: Look, shot: Image, rng: np.random.Generator) -> Backdrop:
    image = dimmed(np.asarray(cv2.GaussianBlur(shot, (0, 0), rng.uniform(3, 8)), np.uint8), rng.uniform(0.4, 0.8))
    return lambda _: image.copy()
