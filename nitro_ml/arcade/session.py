"""What happens in front of the camera, frame by frame: picture, inputs, and the kind of moment it is."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nitro_ml.arcade.games import Game
from nitro_ml.arcade.pad import Pad, Player
from nitro_ml.arcade.scenes import Look

KINDS = ("active", "idle", "menu", "loading", "title")


class Moment(NamedTuple):
    """image: uint8 [240, 320, 3] RGB as shown; pad: what is held while it is shown; kind: one of `KINDS`."""

    image: NDArray[np.uint8]
    pad: Pad
    kind: str


def play(game: Game, player: Player | None, frames: int | None = None) -> Iterator[Moment]:
    """The game at play, episode after episode; without a player it runs and nobody touches the pad."""
    done = 0
    while frames is None or done < frames:
        pad = player.act() if player else Pad.idle()
        yield Moment(game.frame, pad, "active" if player else "idle")
        if game.step(pad).done:
            game.reset()
        done += 1


def session(game: Game, player: Player, rng: np.random.Generator) -> Iterator[Moment]:
    """A whole recording without end: title, menu, loading, then play with idle stretches and pauses in the menu."""
    look = Look.draw(game.spec.title, rng)

    def frames(shortest: float, longest: float) -> int:
        return round(rng.uniform(shortest, longest) * game.fps)

    yield from _title(look, frames(2, 4), game.fps)
    while True:
        yield from _menu(look, frames(3, 6), game.fps, rng)
        yield from _loading(look, frames(1.5, 3))
        for _ in range(2):
            yield from play(game, player, frames(10, 18))
            yield from play(game, None, frames(4, 8))
        yield from play(game, player, frames(10, 18))


def _title(look: Look, frames: int, fps: int) -> Iterator[Moment]:
    """The title screen, left with a press of start that lasts its final 0.2 s."""
    for i in range(frames):
        held = ["start"] if i >= frames - 0.2 * fps else []
        yield Moment(look.title_screen(i / fps), Pad.holding(held), "title")


def _menu(look: Look, frames: int, fps: int, rng: np.random.Generator) -> Iterator[Moment]:
    """The menu: presses of 0.1-0.25 s, 0.3-0.7 s apart, move the cursor; south, held for the final 0.2 s, chooses."""
    cursor, left = 0, 0
    press: str | None = None
    for i in range(frames):
        if left == 0 and press is None:
            press, left = str(rng.choice(["dpad_down", "dpad_up"])), round(rng.uniform(0.1, 0.25) * fps)
            moved = (cursor + (1 if press == "dpad_down" else -1)) % len(look.items)
        elif left == 0:
            press, left = None, round(rng.uniform(0.3, 0.7) * fps)
            moved = cursor
        choosing = i >= frames - 0.2 * fps
        held = ["south"] if choosing else [press] if press else []
        yield Moment(look.menu_screen(cursor), Pad.holding(held), "menu")
        cursor, left = cursor if choosing else moved, left - 1


def _loading(look: Look, frames: int) -> Iterator[Moment]:
    for i in range(frames):
        yield Moment(look.loading_screen((i + 1) / frames), Pad.idle(), "loading")
