"""What happens in front of the camera, frame by frame: a video's story, told as `AnnotatedFrame`s."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from nitro_ml.games.env import Game
from nitro_ml.games.pad import Pad, Player
from nitro_ml.games.recorder.annotated_frame import AnnotatedFrame
from nitro_ml.games.scenes import channel, screens
from nitro_ml.games.scenes.films import cutscene
from nitro_ml.games.scenes.inputs import InputDisplay
from nitro_ml.games.scenes.look import Image, Look

WAITING = 3.0  # seconds without any input after which somebody who plays counts as idle


def play(game: Game, player: Player | None, frames: int | None = None) -> Iterator[AnnotatedFrame]:
    """The game at play, episode after episode; without a player it runs and nobody touches the pad."""
    done = 0
    while frames is None or done < frames:
        image, pad = game.frame, player.act() if player else Pad.idle()
        step = game.advance(pad)
        yield AnnotatedFrame(image, pad, "active" if player else "idle", player.name if player else "", step.reward)
        if step.done:
            game.reset()
        done += 1


def scenario(game: Game, player: Player, rng: np.random.Generator) -> Iterator[AnnotatedFrame]:
    """A whole recording without end: the channel's card, a title, then round after round of play with what
    interrupts it. Some videos show the inputs all the time, most in one stretch a round, some never."""
    look = Look.draw(game.game_spec.title, rng)
    display, shown = InputDisplay.draw(rng), str(rng.choice(["once", "always", "never"], p=[0.6, 0.25, 0.15]))
    fps = game.fps

    def frames(shortest: float, longest: float) -> int:
        return round(rng.uniform(shortest, longest) * fps)

    def run(who: Player | None, shortest: float, longest: float, displayed: bool) -> Iterator[AnnotatedFrame]:
        moments = play(game, who, frames(shortest, longest))
        return _displayed(display, moments) if displayed else moments

    def interruption(what: str) -> Iterator[AnnotatedFrame]:
        match what:
            case "idle":
                return run(None, 4, 8, shown == "always")
            case "pause":
                return screens.pause(look, game.frame, frames(2.5, 5), fps, rng)
            case "death":
                return _skipping(screens.death(look, game.frame, frames(2.5, 4.5), fps, rng), fps, rng)
            case "cutscene":
                return _skipping(cutscene(look, _footage(game, player), frames(4, 8), fps, rng), fps, rng)
            case "loading":
                return screens.loading(look, frames(1.5, 4), fps, rng)
            case _:
                return channel.facecam(look, frames(3, 6), fps, rng)

    yield from channel.intro(look, frames(2.5, 4.5), fps, rng)
    yield from screens.title(look, game.frame, frames(2, 4), fps, rng)
    while True:
        yield from screens.menu(look, game.frame, frames(3, 6), fps, rng)
        yield from screens.loading(look, frames(1.5, 4), fps, rng)
        events = rng.permutation(["idle", "idle", "pause", "death", "cutscene", "facecam", "loading"])
        once = int(rng.integers(len(events)))
        for number, event in enumerate(events):
            yield from run(player, 7, 13, shown == "always" or (shown == "once" and number == once))
            yield from interruption(str(event))
            if event == "death":
                game.reset()


def kinds_of(moments: Sequence[tuple[Pad, str]], fps: int) -> list[str]:
    """The kind of each frame, with waits of `WAITING` seconds and more within active play as what they are: idle."""
    kinds = []
    for (kind, touched), run in itertools.groupby(
        (kind, kind != "active" or bool(pad.buttons.any() or pad.sticks.any())) for pad, kind in moments
    ):
        n = len(list(run))
        kinds += ["idle" if not touched and n >= WAITING * fps else kind] * n
    return kinds


def _footage(game: Game, player: Player) -> Iterator[Image]:
    return (moment.image for moment in play(game, player))


def _displayed(display: InputDisplay, moments: Iterator[AnnotatedFrame]) -> Iterator[AnnotatedFrame]:
    return (m._replace(image=display.over(m.image, m.pad), kind="overlay") for m in moments)


def _skipping(moments: Iterator[AnnotatedFrame], fps: int, rng: np.random.Generator) -> Iterator[AnnotatedFrame]:
    """Every third time somebody presses south again and again, for 0.1 s each, and it helps nothing."""
    impatient, pause = rng.random() < 1 / 3, round(rng.uniform(0.3, 0.9) * fps)
    for i, moment in enumerate(moments):
        yield moment._replace(pad=Pad.holding(["south"])) if impatient and i % pause < 0.1 * fps else moment
