"""The arms of the policy study: what is recorded, who labels it, which policy learns from it, and how that plays.

What is done is kept (`Cells`), so that a run that was stopped goes on from there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import say
from benchmarks.playing.cells import Cells
from benchmarks.playing.corpus import Video, film, skilled, videos
from benchmarks.playing.labels import Way, given, labelled, likelier
from nitro_ml.core.clip import Clip
from nitro_ml.models.idm.config import load_recipe as load_idm
from nitro_ml.models.idm.label import Labeller
from nitro_ml.models.idm.train import train as train_idm
from nitro_ml.models.policy.config import PolicyRecipe, load_recipe
from nitro_ml.models.policy.play.agent import Policy
from nitro_ml.models.world.config import load_recipe as load_world
from nitro_ml.models.world.latent import LatentNet
from nitro_ml.models.world.load import load_latent
from nitro_ml.models.world.train import train_latent

GAMES = ("space_invaders", "freeway", "basic", "health_gathering", "deadly_corridor", "defend_the_center")
SEEDS = (0, 1, 2)
LABELLED, WALKTHROUGH = 6.0, 16.0  # minutes a game: the wanderer's labelled play, the experts' walkthroughs
BUDGETS = (30, 120, 600)  # seconds of labelled expert play a game
STEPS, EPISODES = 3000, 17  # episodes a seed, 51 a game

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
    codes: tuple[tuple[str, Any], ...] = (("steps", 2000), ("batch", 32))

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

    def pseudo(self, checkpoint: Path, way: Way = likelier) -> list[Clip]:
        """The walkthroughs with an inverse dynamics model's labels."""
        labeller = Labeller(checkpoint)
        return given(labeller, labelled(labeller, self.true()), way)

    def labeller(self, name: str, clips: Sequence[Clip], of: str = "quick", steps: int | None = None) -> Path:
        """An inverse dynamics model of a recipe, trained on labelled clips; one for all seeds. steps: at most so many,
        the recipe's own by default.
        """
        recipe = load_idm(of).model_copy(update={"resolution": self.size, **dict(self.idm)})
        recipe = recipe.model_copy(update={"steps": min(recipe.steps, steps or recipe.steps)})
        facts = [recipe.model_dump(), len(clips), sum(map(len, clips))]

        def make() -> str:
            return train_idm(
                recipe, clips, self.folder / "checkpoints", {}, lambda _, told: say(f"{name}: {told}")
            ).path.name

        return self.folder / "checkpoints" / str(self.cells.kept(f"idm-{name}", facts, make))

    def latent(self) -> LatentNet:
        """Latent actions of the walkthroughs, learned without a label."""
        recipe = load_world("small")
        section = recipe.latent.model_copy(update={"size": self.size, "bits": 4, **dict(self.codes)})
        recipe = recipe.model_copy(update={"resolution": self.size, "latent": section})
        facts = [recipe.model_dump(), list(self.games), self.walkthrough]

        def make() -> str:
            return train_latent(recipe, self.true(), self.folder / "checkpoints", {}).path.name

        return load_latent(self.folder / "checkpoints" / str(self.cells.kept("latent", facts, make)))

    def arm(self, name: str, clips: Callable[[], Sequence[Clip]], execute: int | None = None) -> Scores:
        """The normalised scores of policies that learn from these clips (a function that gives them).

        execute: how many of its actions a policy plays before it looks again, where not the recipe's number.
        """
        facts = [list(self.games), self.labelled, self.walkthrough]
        found: dict[str, list[NDArray[np.float64]]] = {game: [] for game in self.games}
        for seed in self.seeds:
            trained = self.cells.policy(f"{name}-seed{seed}", self.recipe(seed), clips, facts)
            for game in self.games:
                found[game].append(self._played(f"{name}-seed{seed}", trained, game, execute))
            say(f"{name}, seed {seed}: { ({g: round(float(s[-1].mean()), 2) for g, s in found.items()}) }")
        return found

    def _played(self, name: str, trained: dict[str, Any], game: str, execute: int | None) -> NDArray[np.float64]:
        def load() -> Policy:
            policy = self.cells.load(trained)
            policy.execute = execute or policy.execute
            return policy

        facts = trained["path"] if execute is None else [trained["path"], execute]
        scores = self.cells.scores(name, load, game, self.episodes, facts)
        low, high = (self.reference[game][who] for who in ("wanderer", "expert"))
        return (np.array(scores) - low) / (high - low)

    @cached_property
    def reference(self) -> dict[str, dict[str, float]]:
        """The mean scores of wanderer and expert by game, over 50 episodes."""
        count = max(self.episodes, 50) if self.episodes > 2 else self.episodes
        return {
            game: {who: float(np.mean(self.cells.scores(who, who, game, count))) for who in ("wanderer", "expert")}
            for game in self.games
        }


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
