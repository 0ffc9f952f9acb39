"""What the policy benchmarks keep: each training and each set of episodes once, so that a run that was stopped goes on.

`state/bench/policy/cells/NAME-HASH.json`, where HASH is over what the cell depends on.
"""

import hashlib
import json
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.figures import say
from benchmarks.playing.peer import Peer, train_peer
from nitro_ml.core.clip import Clip
from nitro_ml.models.policy.config import PolicyRecipe
from nitro_ml.models.policy.play.agent import Policy
from nitro_ml.models.policy.play.episodes import Actor, play
from nitro_ml.models.policy.train import train

SEED = 1000  # of the episodes; far from those of recordings


@dataclass(frozen=True)
class Cells:
    """A folder of results."""

    folder: Path

    def kept(self, name: str, facts: Any, make: Callable[[], Any]) -> Any:
        """The JSON value of a cell, made where it is missing."""
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:10]
        path = self.folder / "cells" / f"{name}-{digest}.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            value = make()
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps(value))
            partial.replace(path)
            say(f"{name}: done")
        return json.loads(path.read_text())

    def policy(
        self, name: str, recipe: PolicyRecipe, clips: Callable[[], Sequence[Clip]], facts: Any
    ) -> dict[str, Any]:
        """Trains a policy: `path` of its checkpoint, `core_seconds`, the card's `candidates` and `metrics`."""

        def make() -> dict[str, Any]:
            torch.set_num_threads(1)
            found, started = clips(), core_seconds()
            done = train(recipe, found, self.folder / "checkpoints", {}, lambda _, told: say(f"{name}: {told}"))
            kept = {key: done.card[key] for key in ("candidates", "metrics")}
            return {"path": done.path.name, "core_seconds": core_seconds() - started, **kept}

        return dict(self.kept(name, [recipe.model_dump(), facts], make))

    def load(self, trained: dict[str, Any]) -> Policy:
        """The policy of a cell of `policy`."""
        return Policy.load(self.folder / "checkpoints" / trained["path"])

    def peer(self, name: str, seconds: float, clips: Callable[[], Sequence[Clip]], facts: Any) -> Callable[[], Peer]:
        """Trains the plain peer for so much processor time."""

        def make() -> str:
            torch.set_num_threads(1)
            path = self.folder / "checkpoints" / f"{name}.pt"
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(train_peer(clips(), seconds).state_dict(), path)
            return path.name

        path = self.kept(name, [round(seconds), facts], make)

        def load() -> Peer:
            peer = Peer()
            peer.load_state_dict(torch.load(self.folder / "checkpoints" / path, weights_only=True))
            return peer.eval()

        return load

    def scores(
        self, name: str, who: Callable[[], Actor] | str, game: str, episodes: int, facts: Any = None
    ) -> list[float]:
        """The scores of so many whole episodes. `who` plays: a player's name, or what loads a policy."""

        def make() -> list[float]:
            torch.set_num_threads(1)
            return play(who if isinstance(who, str) else who(), game, episodes, SEED)

        return list(self.kept(f"{name}-{game}", [game, episodes, facts], make))


def core_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
