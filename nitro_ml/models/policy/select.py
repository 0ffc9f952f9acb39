"""Which of a training's checkpoints is kept: the one that plays best, where the games are at hand.

Offline figures do not choose policies (they rank them in another order than play does), so they are only shown beside.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
from lightning.pytorch.callbacks import WeightAveraging
from safetensors.torch import load_file, save_file
from torch.optim.swa_utils import get_ema_multi_avg_fn

from nitro_ml.games.registry import GAMES
from nitro_ml.models.policy.play.agent import Policy
from nitro_ml.models.policy.play.episodes import play
from nitro_ml.models.policy.play.scores import normalised

SEED = 500  # far from the seeds of recordings and of evaluations


class Averaged(WeightAveraging):
    """The exponential moving average of the weights, also kept after each of `steps`: `FOLDER/STEP.safetensors`.

    By interpolation, which leaves frozen weights as they are to the bit, and not of buffers: averaged, whole numbers
    such as the places of patches come out off by one.
    """

    def __init__(self, decay: float, steps: Collection[int], folder: Path) -> None:
        super().__init__(use_buffers=False, multi_avg_fn=get_ema_multi_avg_fn(decay))
        self._steps, self._folder = set(steps), folder

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *args: Any) -> None:
        super().on_train_batch_end(trainer, module, *args)
        if trainer.global_step in self._steps and self._average_model is not None and trainer.is_global_zero:
            own = self._average_model.module.net.state_dict()
            whole = {name: weight.detach().cpu().contiguous() for name, weight in own.items()}
            save_file(whole, _path(self._folder, trainer.global_step))


def kept_steps(steps: int, candidates: int) -> list[int]:
    """After which steps of a training candidates are kept: evenly over its second half, the last one at its end."""
    return sorted({round(steps * (1 - k / (2 * candidates))) for k in range(candidates)})


def choose(
    policy: Policy, folder: Path, steps: Sequence[int], games: Sequence[str], episodes: int, offline: Callable[[], Any]
) -> list[dict[str, Any]]:
    """Loads the candidate that plays best into `policy`; one row a candidate, the chosen one marked.

    Each plays `episodes` of every game; the mean over games of the normalised score decides (of games without an
    expert, that of the score over the wanderer's). `offline` gives the held-out figures of the weights loaded.
    """
    reference = {game: _reference(game, episodes) for game in games}
    rows = []
    for step in steps:
        policy.net.load_state_dict(load_file(_path(folder, step)))
        scores = {game: play(policy, game, episodes, SEED) for game in games}
        shares = [normalised(scores[game], *reference[game]).mean for game in games]
        rows.append({"step": step, "play": float(np.mean(shares)), "scores": scores, "offline": offline()})
    best = max(rows, key=lambda row: row["play"])
    policy.net.load_state_dict(load_file(_path(folder, best["step"])))
    return [{**row, "chosen": row is best} for row in rows]


def playable(games: Collection[str]) -> list[str]:
    """Those of the games that the arcade has, with an expert to compare with."""
    return sorted(game for game in games if game in GAMES and GAMES[game].has_expert)


def _reference(game: str, episodes: int) -> tuple[list[float], list[float]]:
    return play("wanderer", game, episodes, SEED), play("expert", game, episodes, SEED)


def _path(folder: Path, step: int) -> Path:
    return folder / f"{step}.safetensors"
