"""Policies at play: cloning the true inputs of experts, beside a plain peer that gets the same clips and the same time.

Whole episodes of open games at 30 Hz, scores normalised between the wanderer (0) and the expert (1), with bootstrap
intervals over episodes. In Atari games, which would go the same way again and again, the experts lose the pad for a
moment now and then, and only their own turns are learned from. Then: one policy for all games, an expert's corrections
(DAgger) as the upper reference, score against Euler steps and against how many actions are played before looking again,
and speed as ratios. What is done is kept in `state/bench/policy`; a run that was stopped goes on from there.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.figures import Figure, say
from benchmarks.playing import speed
from benchmarks.playing.cells import Cells
from benchmarks.playing.corpus import Video, film, skilled, videos
from nitro_assets.settings import ROOT
from nitro_ml.core.clip import Clip
from nitro_ml.models.policy.config import Corrections, PolicyRecipe, load_recipe
from nitro_ml.models.policy.play.agent import Policy
from nitro_ml.models.policy.play.scores import Interval, normalised

GAMES = ("breakout", "space_invaders", "freeway", "basic", "health_gathering", "defend_the_center")
MINUTES, STEPS, EPISODES = 30.0, 2500, 50
SWEPT = "breakout"  # the game of the sweeps over Euler steps and `execute`


@dataclass(frozen=True)
class Bench:
    """One run: where its files are, how much is played and trained, and what is changed in the recipe."""

    folder: Path
    minutes: float = MINUTES
    steps: int = STEPS
    episodes: int = EPISODES
    games: Sequence[str] = GAMES

    @property
    def cells(self) -> Cells:
        return Cells(self.folder)

    @property
    def recipe(self) -> PolicyRecipe:
        return load_recipe("small").model_copy(update={"steps": self.steps, "candidates": 1, "episodes": 0})

    def recorded(self, game: str) -> list[Video]:
        found = videos(self.folder / "corpus", game, skilled(game), self.minutes)
        film(found)
        return found

    def clips(self, games: Sequence[str], size: int) -> list[Clip]:
        """The experts' turns in the recordings of the games."""
        return [clip for game in games for video in self.recorded(game) for clip in video.turns(size, "expert")]

    def trained(self, name: str, games: Sequence[str], recipe: PolicyRecipe) -> dict[str, Any]:
        facts = [list(games), self.minutes]
        return self.cells.policy(
            f"{name}-{'+'.join(games)}", recipe, lambda: self.clips(games, recipe.resolution), facts
        )

    def share(self, game: str, scores: Sequence[float]) -> Interval:
        """The scores on the scale from the wanderer's (0) to the expert's (1)."""
        players = (self.cells.scores(who, who, game, self.episodes) for who in ("wanderer", "expert"))
        return normalised(scores, *players)

    def played(self, name: str, trained: dict[str, Any], game: str, **changes: int) -> list[float]:
        """The scores of a trained policy, with another number of steps or of actions before it looks again."""

        def load() -> Policy:
            policy = self.cells.load(trained)
            policy.execute = changes.get("execute", policy.execute)
            policy.recipe = policy.recipe.model_copy(update=changes)
            return policy

        return self.cells.scores(name, load, game, self.episodes, [trained["path"], changes])


def run(quick: bool = False) -> list[Figure]:
    """Records, trains, plays and scores. `quick` does all of it for seconds, in one game."""
    if quick:
        with TemporaryDirectory() as scratch:
            bench = Bench(Path(scratch), minutes=2.0, steps=2, episodes=2, games=("basic",))
            return [*speed.figures(quick), *measure(bench, "basic")]
    bench = Bench(ROOT / "state" / "bench" / "policy")
    return [*measure(bench, SWEPT), *speed.figures(quick)]


def measure(bench: Bench, swept: str) -> Iterator[Figure]:
    """The figures of one run."""
    alone = {game: bench.trained("one", (game,), bench.recipe) for game in bench.games}
    shares, peers = [], []
    for game in bench.games:
        own = bench.share(game, bench.played("one", alone[game], game))
        yield from _figures(f"{game}: cloned alone", own, 0.8)
        seconds = alone[game]["core_seconds"]
        facts = [game, bench.minutes]
        peer = bench.cells.peer(f"peer-{game}", seconds, partial(bench.clips, (game,), 84), facts)
        theirs = bench.share(game, bench.cells.scores("peer", peer, game, bench.episodes, [facts, round(seconds)]))
        yield from _figures(f"{game}: the plain peer", theirs)
        yield Figure(f"{game}: training", seconds / 60, "core minutes", 30.0, "lower")
        shares.append(own)
        peers.append(theirs)
    yield Figure("games with a normalised score of 0.8", sum(own.mean >= 0.8 for own in shares), "games", 6)
    below = sum(own.mean < theirs.mean for own, theirs in zip(shares, peers, strict=True))
    yield Figure("games in which the peer is better", below, "games", 0, "lower")
    yield from _shared(bench)
    yield from _corrected(bench, swept)
    yield from _sweeps(bench, alone[swept], swept)


def _shared(bench: Bench) -> Iterator[Figure]:
    """One policy for all games, trained a third as long as all the single ones together."""
    recipe = bench.recipe.model_copy(update={"steps": bench.steps * max(1, len(bench.games) // 3)})
    every = bench.trained("all", bench.games, recipe)
    for game in bench.games:
        yield from _figures(f"{game}: one policy for all games", bench.share(game, bench.played("all", every, game)))


def _corrected(bench: Bench, game: str) -> Iterator[Figure]:
    """DAgger in one game."""
    corrections = Corrections(rounds=2, minutes=bench.minutes / 6)
    recipe = bench.recipe.model_copy(update={"steps": max(1, bench.steps // 2), "corrections": corrections})
    helped = bench.trained("dagger", (game,), recipe)
    yield from _figures(
        f"{game}: with an expert's corrections", bench.share(game, bench.played("dagger", helped, game))
    )


def _sweeps(bench: Bench, trained: dict[str, Any], game: str) -> Iterator[Figure]:
    for steps in (1, 2, 4, 8, 16):
        share = bench.share(game, bench.played(f"euler{steps}", trained, game, euler_steps=steps))
        yield from _figures(f"{game}: {steps} Euler steps", share)
        policy = bench.cells.load(trained)
        policy.recipe = policy.recipe.model_copy(update={"euler_steps": steps})
        yield Figure(f"{game}: {steps} Euler steps", _milliseconds(policy), "ms a chunk")
    for execute in (1, 2, 4, 8):
        share = bench.share(game, bench.played(f"execute{execute}", trained, game, execute=execute))
        yield from _figures(f"{game}: looks again after {execute} actions", share)


def _milliseconds(policy: Policy, times: int = 20) -> float:
    frames = np.zeros((1, len(policy.context), policy.resolution, policy.resolution, 3), np.uint8)
    eps = policy.noise(np.random.default_rng(0))[None]
    policy.act(frames, eps)
    started = time.perf_counter()
    for _ in range(times):
        policy.act(frames, eps)
    return (time.perf_counter() - started) / times * 1000


def _figures(name: str, share: Interval, goal: float | None = None) -> Iterator[Figure]:
    say(f"{name}: {share.mean:.2f} ({share.low:.2f} to {share.high:.2f})")
    yield Figure(name, share.mean, "normalised score", goal)
    yield Figure(f"{name}, 95% interval from", share.low, "normalised score")
    yield Figure(f"{name}, to", share.high, "normalised score")
