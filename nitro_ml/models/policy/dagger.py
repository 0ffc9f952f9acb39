"""The upper reference: an expert who takes over at the states a policy brings about (DAgger, arXiv 1011.0686).

Expert and policy take turns, and what is learned from are the expert's turns, whole, so that a chunk of its actions
follows each frame (HG-DAgger, arXiv 1810.02890). Where engines can save states the expert could be asked in every
frame; ViZDoom's saving takes two tics, during which the same must be held, and changes what it is to observe.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import RATE
from nitro_ml.games.env import Game
from nitro_ml.games.pad import Pad, actions_of
from nitro_ml.games.players.registry import Span, Turns, expert
from nitro_ml.games.registry import make
from nitro_ml.models.policy.play.episodes import Actor, PolicyPlayer
from nitro_ml.video.resize import resize

TURN: Span = (1.0, 4.0)  # seconds of either
SEED = 2000  # far from the seeds of recordings, choices and evaluations


def corrections(policy: Actor, game: str, minutes: float, number: int) -> list[Clip]:
    """So many minutes of the expert's turns, at the policy's resolution; `number` is that of the round.

    Raises `GameError` for a game that the arcade does not have.
    """
    running = make(game, SEED + number, fps=round(RATE))
    rng = np.random.default_rng([SEED, number])
    found: list[Clip] = []
    wanted = round(minutes * 60 * RATE)
    players = _turns(policy, running, rng)
    frames, pads = [], []
    while wanted > 0:
        image, pad = resize(running.frame, policy.resolution), players.act()
        mine = players.name == "expert"
        if mine:
            frames.append(image)
            pads.append(pad)
            wanted -= 1
        done = running.advance(pad).done
        if frames and (done or not mine or not wanted):
            found += _clip(game, frames, pads, number)
            frames, pads = [], []
        if done:
            running.reset()
            players = _turns(policy, running, rng)
    return found


def _turns(policy: Actor, running: Game, rng: np.random.Generator) -> Turns:
    skilled = expert(running, rng)
    assert skilled is not None  # `choose.playable` names only games with one
    return Turns([(skilled, TURN), (PolicyPlayer(policy, running, rng), TURN)], running.fps, rng)


def _clip(game: str, frames: Sequence[NDArray[np.uint8]], pads: list[Pad], number: int) -> list[Clip]:
    if len(frames) < 2:
        return []
    return [Clip(np.stack(frames), np.arange(len(frames)) / RATE, game, f"corrections {number}", actions_of(pads))]
