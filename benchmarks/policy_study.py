"""Do pseudo-labels pay? The mission's claim in closed loop, with everything known: two questions, several arms each.

1. As in the mission: labels come from anyone's play (the wanderer), the walkthroughs of experts have none. A policy
   learns from the labelled play alone; from the walkthroughs with the labels of an inverse dynamics model that learned
   from the labelled play; and, as the upper bound, from the walkthroughs with their true inputs.
2. Few expert labels: the first seconds of the walkthroughs have labels, the rest has none. The same arms.

One policy for all games in every arm and seed; whole episodes; scores normalised between wanderer (0) and expert (1).
The share of the gap between the first and the last arm that pseudo-labels close is printed with a bootstrap interval
over seeds and episodes, where the gap exceeds its own interval. What is done is kept in `state/bench/policy`; a run
that was stopped goes on from there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure
from benchmarks.idm import say
from benchmarks.policy_cells import Cells
from benchmarks.policy_corpus import Video, film, skilled, videos
from nitro_assets.settings import ROOT
from nitro_ml.actions import BUTTONS
from nitro_ml.clip import Clip
from nitro_ml.idm.label import Labeller, label_clip
from nitro_ml.idm.recipe import load_recipe as load_idm
from nitro_ml.idm.train import train as train_idm
from nitro_ml.policy.recipe import PolicyRecipe, load_recipe

GAMES = ("space_invaders", "freeway", "basic", "health_gathering", "deadly_corridor", "defend_the_center")
SEEDS = (0, 1, 2)
LABELLED, WALKTHROUGH = 6.0, 16.0  # minutes a game: the wanderer's labelled play, the experts' walkthroughs
BUDGETS = (30, 120, 600)  # seconds of labelled expert play a game
STEPS, EPISODES = 3000, 17  # episodes a seed, 51 a game
RESAMPLES = 2000

Scores = Mapping[str, Sequence[NDArray[np.float64]]]
"""By game, for each seed the normalised scores of its episodes."""


@dataclass(frozen=True)
class Study:
    """One run: where its files are, and how much is played, trained and scored."""

    folder: Path
    games: Sequence[str] = GAMES
    seeds: Sequence[int] = SEEDS
    labelled: float = LABELLED
    walkthrough: float = WALKTHROUGH
    budgets: Sequence[int] = BUDGETS
    steps: int = STEPS
    episodes: int = EPISODES
    idm: tuple[tuple[str, Any], ...] = ()

    @property
    def cells(self) -> Cells:
        return Cells(self.folder)

    def recipe(self, seed: int) -> PolicyRecipe:
        changes = {"steps": self.steps, "seed": seed, "candidates": 1, "episodes": 0}
        return load_recipe("small").model_copy(update=changes)

    def recorded(self, who: str, minutes: float, games: Sequence[str]) -> list[Video]:
        found = [video for game in games for video in videos(self.folder / "corpus", game, who, minutes)]
        film(found)
        return found

    @property
    def size(self) -> int:
        return load_recipe("small").resolution

    def anyones(self) -> list[Clip]:
        """The labelled play of wanderers."""
        return [video.clip(self.size) for video in self.recorded("wanderer", self.labelled, self.games)]

    def true(self) -> list[Clip]:
        """The walkthroughs with their true inputs; of an expert who lost the pad at times, only the expert's turns."""
        walkthroughs = [v for game in self.games for v in self.recorded(skilled(game), self.walkthrough, [game])]
        return [clip for video in walkthroughs for clip in video.turns(self.size, "expert")]

    def few(self, seconds: int) -> list[Clip]:
        """The first seconds of expert play of each game, with their true inputs; of at least three videos."""
        return [clip for game in self.games for clip in _first([c for c in self.true() if c.game == game], seconds)]

    def pseudo(self, checkpoint: Path, how: str = "likelier") -> list[Clip]:
        """The walkthroughs with an inverse dynamics model's labels. how: held where `likelier` than not; by the model's
        own `thresholds`; `drawn` by their probability."""
        labeller = Labeller(checkpoint)
        return [_labelled(labeller, clip, how) for clip in self.true()]

    def labeller(self, name: str, clips: Sequence[Clip]) -> Path:
        """An inverse dynamics model trained on labelled clips, one for all seeds."""
        recipe = load_idm("quick").model_copy(update={"resolution": self.size, **dict(self.idm)})
        facts = [recipe.model_dump(), len(clips), sum(map(len, clips))]

        def make() -> str:
            return train_idm(
                recipe, clips, self.folder / "checkpoints", {}, lambda _, told: say(f"{name}: {told}")
            ).path.name

        return self.folder / "checkpoints" / str(self.cells.kept(f"idm-{name}", facts, make))

    def arm(self, name: str, clips: Any) -> Scores:
        """The normalised scores of policies that learn from these clips (a function that gives them)."""
        facts = [list(self.games), self.labelled, self.walkthrough]
        found: dict[str, list[NDArray[np.float64]]] = {game: [] for game in self.games}
        for seed in self.seeds:
            trained = self.cells.policy(f"{name}-seed{seed}", self.recipe(seed), clips, facts)
            for game in self.games:
                scores = self.cells.scores(
                    f"{name}-seed{seed}", partial(self.cells.load, trained), game, self.episodes, trained["path"]
                )
                low, high = (self.reference[game][who] for who in ("wanderer", "expert"))
                found[game].append((np.array(scores) - low) / (high - low))
            say(f"{name}, seed {seed}: { ({g: round(float(s[-1].mean()), 2) for g, s in found.items()}) }")
        return found

    @cached_property
    def reference(self) -> dict[str, dict[str, float]]:
        """The mean scores of wanderer and expert by game, over 50 episodes."""
        count = max(self.episodes, 50) if self.episodes > 2 else self.episodes
        return {
            game: {who: float(np.mean(self.cells.scores(who, who, game, count))) for who in ("wanderer", "expert")}
            for game in self.games
        }


def run(quick: bool = False) -> list[Figure]:
    """Records, trains, labels, plays and compares. `quick` does all of it for seconds, in one game."""
    if quick:
        with TemporaryDirectory() as scratch:
            tiny = (("steps", 2), ("stretches", 1), ("check", 3))
            study = Study(Path(scratch), ("basic",), (0,), 6.0, 6.0, (30,), steps=2, episodes=2, idm=tiny)
            return list(measure(study))
    return list(measure(Study(ROOT / "state" / "bench" / "policy")))


def measure(study: Study) -> Iterator[Figure]:
    """The figures of both questions."""
    labeller = study.labeller("wanderers", study.anyones())
    arms = {
        "labels alone": study.arm("wanderers", study.anyones),
        "pseudo-labels": study.arm("pseudo", cache(lambda: study.pseudo(labeller))),
        "true inputs": study.arm("true", study.true),
    }
    yield from _compared("anyone's labels", arms, 0.9)
    drawn = {**arms, "pseudo-labels": study.arm("pseudo-drawn", cache(lambda: study.pseudo(labeller, "drawn")))}
    yield from _compared("anyone's labels, drawn by their probability", drawn)
    cut = {**arms, "pseudo-labels": study.arm("pseudo-thresholds", cache(lambda: study.pseudo(labeller, "thresholds")))}
    yield from _compared("anyone's labels, by the model's thresholds", cut)
    for seconds in study.budgets:
        expert = study.labeller(f"few{seconds}", study.few(seconds))
        few = {
            "labels alone": study.arm(f"few{seconds}", lambda seconds=seconds: study.few(seconds)),
            "pseudo-labels": study.arm(f"few{seconds}-pseudo", cache(lambda expert=expert: study.pseudo(expert))),
            "true inputs": arms["true inputs"],
        }
        yield from _compared(f"{seconds} s of expert labels a game", few, 0.7)


def _compared(question: str, arms: Mapping[str, Scores], goal: float | None = None) -> Iterator[Figure]:
    """Each arm in the mean of the games, and the share of the gap that pseudo-labels close."""
    drawn = {name: _means(scores) for name, scores in arms.items()}
    for name, means in drawn.items():
        low, high = np.percentile(means[1:], [2.5, 97.5])
        yield Figure(f"{question}: {name}", float(means[0]), "normalised score")
        yield Figure(f"{question}: {name}, 95% interval from", float(low), "normalised score")
        yield Figure(f"{question}: {name}, to", float(high), "normalised score")
    gap = drawn["true inputs"] - drawn["labels alone"]
    low, high = np.percentile(gap[1:], [2.5, 97.5])
    yield Figure(f"{question}: gap between the first and the last arm", float(gap[0]), "normalised score")
    if gap[0] > high - low:
        share = (drawn["pseudo-labels"] - drawn["labels alone"]) / gap
        low, high = np.percentile(share[1:], [2.5, 97.5])
        yield Figure(f"{question}: share of the gap closed", float(share[0]), "ratio", goal)
        yield Figure(f"{question}: share, 95% interval from", float(low), "ratio")
        yield Figure(f"{question}: share, to", float(high), "ratio")


def _means(scores: Scores) -> NDArray[np.float64]:
    """The mean over games of the mean over seeds and episodes: of what was played, then of resamplings of both."""
    rng = np.random.default_rng(0)
    means = [np.mean([np.mean([e.mean() for e in seeds]) for seeds in scores.values()])]
    for _ in range(RESAMPLES):
        games = []
        for seeds in scores.values():
            chosen = [seeds[k] for k in rng.integers(len(seeds), size=len(seeds))]
            games.append(np.mean([rng.choice(e, len(e)).mean() for e in chosen]))
        means.append(np.mean(games))
    return np.array(means)


def _first(clips: Sequence[Clip], seconds: int) -> list[Clip]:
    """So many seconds, a third of them from each of the first three videos, for a split by video."""
    found = []
    for group in sorted({clip.group for clip in clips})[:3]:
        left = round(seconds * 30 / 3)
        for clip in (c for c in clips if c.group == group):
            if left > 1:
                found.append(clip.part(0, min(left, len(clip))))
                left -= len(clip)
    return found


def _labelled(labeller: Labeller, clip: Clip, how: str) -> Clip:
    labels = label_clip(labeller, clip)
    held = labels.hard(labeller.thresholds(clip.game) if how == "thresholds" else 0.5)
    chance = labels.buttons[:, : len(BUTTONS)] if how == "drawn" else None
    return replace(clip, actions=held, chance=chance, soft=True)
