"""A game's own screens: titles, menus, pauses, loading and death."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from nitro_ml.games.pad import Pad
from nitro_ml.games.recorder.annotated_frame import AnnotatedFrame
from nitro_ml.games.scenes.backdrop import Backdrop, backdrop, painting
from nitro_ml.games.scenes.look import Image, Look, dimmed
from nitro_ml.games.spec import HEIGHT, WIDTH

_ITEMS = ("Play", "Continue", "Options", "Scores", "Sound", "Controls", "Credits", "Quit", "New game", "Extras", "Shop")
_PAUSE = ("Resume", "Restart", "Options", "Save", "Map", "Inventory", "Quit")
_TIPS = ("Loading", "Please wait", "Get ready", "Preparing stage", "Now loading...", "Tip: look up", "Stage 2")
_ENDS = ("GAME OVER", "YOU DIED", "Try again", "WASTED", "Mission failed", "Defeated", "K.O.")


def title(look: Look, shot: Image, frames: int, fps: int, rng: np.random.Generator) -> Iterator[AnnotatedFrame]:
    """The game's name, its makers and a blinking line, left with a press of start that lasts its final 0.2 s."""
    back, y = backdrop(look, shot, rng), int(rng.integers(60, 110))
    boxed, line = rng.random() < 0.5, str(rng.choice(["PRESS START", "Press any button", "Insert coin"]))
    for i in range(frames):
        image = back(i / fps)
        if boxed:
            cv2.rectangle(image, (16, y - 45), (WIDTH - 16, y + 18), look.mark, 2)
        look.centre(image, look.title, y, 260)
        look.centre(image, look.studio, y + 50, 120)
        if i / fps % 1.0 < 0.6:
            look.centre(image, line, 205, 130)
        held = ["start"] if i >= frames - 0.2 * fps else []
        yield AnnotatedFrame(image, Pad.holding(held), "menu")


def menu(look: Look, shot: Image, frames: int, fps: int, rng: np.random.Generator) -> Iterator[AnnotatedFrame]:
    """A list of items, of which one is marked, over a backdrop."""
    back = backdrop(look, shot, rng)
    items = [str(v) for v in rng.choice(_ITEMS, size=rng.integers(3, 7), replace=False)]
    return _choosing(_list(look, back, look.title, items, rng), len(items), frames, fps, rng)


def pause(look: Look, shot: Image, frames: int, fps: int, rng: np.random.Generator) -> Iterator[AnnotatedFrame]:
    """A list over the game, which stands still and is darker."""
    still = dimmed(shot, rng.uniform(0.25, 0.6))
    if rng.random() < 0.5:
        left, right = int(rng.integers(20, 100)), int(rng.integers(210, 300))
        cv2.rectangle(still, (left, 20), (right, 225), look.dark, cv2.FILLED)
    items = [str(v) for v in rng.choice(_PAUSE, size=rng.integers(2, 5), replace=False)]
    draw = _list(look, lambda _: still.copy(), str(rng.choice(["PAUSED", "Pause", "Options"])), items, rng)
    return _choosing(draw, len(items), frames, fps, rng)


def _list(
    look: Look, back: Backdrop, head: str, items: list[str], rng: np.random.Generator
) -> Callable[[float, int], Image]:
    """From seconds and the marked item to the picture."""
    left, step, barred = int(rng.integers(40, 150)), int(rng.integers(24, 34)), bool(rng.random() < 0.5)

    def draw(seconds: float, cursor: int) -> Image:
        image = back(seconds)
        look.write(image, head, (20, 40), 150, look.mark)
        for i, item in enumerate(items):
            y = 78 + step * i
            if i == cursor and barred:
                cv2.rectangle(image, (left - 8, y - 18), (left + 130, y + 6), look.mark, cv2.FILLED)
            elif i == cursor:
                cv2.rectangle(image, (left - 24, y - 14), (left - 10, y), look.mark, cv2.FILLED)
            look.write(image, item, (left, y), min(110, 14 * len(item)))
        return image

    return draw


def _choosing(
    draw: Callable[[float, int], Image], items: int, frames: int, fps: int, rng: np.random.Generator
) -> Iterator[AnnotatedFrame]:
    """Presses of 0.1-0.25 s, 0.3-1.2 s apart, move the cursor; south, held for the final 0.2 s, chooses."""
    cursor = moved = left = 0
    press: str | None = None
    for i in range(frames):
        if left == 0 and press is None:
            press, left = str(rng.choice(["dpad_down", "dpad_up"])), round(rng.uniform(0.1, 0.25) * fps)
            moved = (cursor + (1 if press == "dpad_down" else -1)) % items
        elif left == 0:
            press, left = None, round(rng.uniform(0.3, 1.2) * fps)
            moved = cursor
        choosing = i >= frames - 0.2 * fps
        held = ["south"] if choosing else [press] if press else []
        yield AnnotatedFrame(draw(i / fps, cursor), Pad.holding(held), "menu")
        cursor, left = cursor if choosing else moved, left - 1


def loading(look: Look, frames: int, fps: int, rng: np.random.Generator) -> Iterator[AnnotatedFrame]:
    """A line of text and a bar that fills, an arc that turns, or dots that come and go, over black or a picture."""
    still = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    if rng.random() < 0.6:
        still = dimmed(backdrop(look, still, rng)(0.0), 0.4) if rng.random() < 0.5 else painting(rng, HEIGHT, WIDTH)
    how, tip, low = str(rng.choice(["bar", "arc", "dots"])), str(rng.choice(_TIPS)), bool(rng.random() < 0.5)
    y, x = (200 if low else 120), int(rng.integers(60, 260))
    for i in range(frames):
        image = still.copy()
        if how == "bar":
            share = min(1.0, ((i + 1) / frames) ** 1.5)
            cv2.rectangle(image, (60, y + 14), (260, y + 26), look.ink, 1)
            cv2.rectangle(image, (62, y + 16), (62 + round(196 * share), y + 24), look.mark, cv2.FILLED)
        elif how == "arc":
            turn = 300 * i / fps
            cv2.ellipse(image, (x, y + 20), (11, 11), turn, 0, 250, look.mark, 3, cv2.LINE_AA)
        else:
            for dot in range(int(i / fps * 3) % 4):
                cv2.circle(image, (140 + 14 * dot, y + 20), 4, look.mark, cv2.FILLED)
        look.centre(image, tip, y, 12 * len(tip))
        yield AnnotatedFrame(image, Pad.idle(), "loading")


def death(look: Look, shot: Image, frames: int, fps: int, rng: np.random.Generator) -> Iterator[AnnotatedFrame]:
    """The last picture of the game freezes and fades to some tint, and a large word says that it is over."""
    tint, left = np.array(rng.choice([[150, 0, 0], [40, 40, 40], [0, 0, 0], [90, 0, 20]])), rng.uniform(0.2, 0.7)
    word, slow = str(rng.choice(_ENDS)), rng.uniform(0.3, 1.2)
    again, y = rng.random() < 0.4, int(rng.integers(95, 150))
    red = (220, 20, 20) if rng.random() < 0.5 else look.ink
    grey = np.asarray(cv2.cvtColor(cv2.cvtColor(shot, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    base = grey if rng.random() < 0.4 else shot
    for i in range(frames):
        share = 1 - (1 - left) * min(1.0, i / fps / slow)
        image = (base * share + tint * (1 - share)).astype(np.uint8)
        if i / fps > 0.4 * slow:
            look.centre(image, word, y, 220, red)
        if again and i / fps > 1.5 and i / fps % 1.0 < 0.6:
            look.centre(image, "Press any button", y + 60, 130)
        yield AnnotatedFrame(image, Pad.idle(), "death")
