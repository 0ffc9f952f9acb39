"""Held-out figures of the world models: PSNR beside the baselines that show whether the condition is used."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import spread
from nitro_ml.models.world.data import Batch, gather
from nitro_ml.models.world.dynamics import DynamicsNet
from nitro_ml.models.world.latent import LatentNet
from nitro_ml.models.world.scores import Errors, difference
from nitro_ml.training.device import seeded

FRAMES = 256  # per game
ALL_GAMES = "all games"

Conditions = Callable[[Batch], dict[str, Tensor]]


def evaluate_latent(net: LatentNet, clips: Sequence[Clip], seed: int) -> dict[str, Any]:
    """`psnr` per game and over all: `inferred` code, `random` code (uniform), `copy` of the last frame, in decibels
    over all and over changed pixels; `delta` is inferred - random, the delta-PSNR of arXiv 2402.15391, section 3.

    `codes` is the share of held-out steps with each code, `perplexity` 2^entropy of it, between 1 and the number of
    codes.
    """
    counts = torch.zeros(2**net.section.bits)

    def conditions(batch: Batch) -> dict[str, Tensor]:
        code = net.encode(batch.now, batch.future)
        counts.add_(torch.bincount(code, minlength=len(counts)))
        other = torch.randint(len(counts), code.shape)
        return {"inferred": net.decode(batch.now, code), "random": net.decode(batch.now, other), "copy": batch.now}

    with seeded(seed), torch.inference_mode():
        psnr = _psnr(net, clips, conditions)
    share = counts / counts.sum().clamp(min=1)
    return {
        "psnr": {game: {**row, "delta": difference(row["inferred"], row["random"])} for game, row in psnr.items()},
        "codes": share.tolist(),
        "perplexity": float(torch.exp2(torch.special.entr(share).sum() / np.log(2))),
    }


def evaluate_dynamics(net: DynamicsNet, clips: Sequence[Clip], seed: int) -> dict[str, Any]:
    """`psnr` per game and over all, in decibels over all and over changed pixels: with the `true` action, a `random`
    one (held at another held-out step of the same game), `none` (not known to the model), and `copy` of the last
    frame.
    """

    def conditions(batch: Batch) -> dict[str, Tensor]:
        assert batch.actions is not None
        return {
            "true": net(batch.past, batch.actions),
            "random": net(batch.past, batch.actions[torch.randperm(len(batch))]),
            "none": net(batch.past, None),
            "copy": batch.now,
        }

    with seeded(seed), torch.inference_mode():
        return {"psnr": _psnr(net, clips, conditions)}


def _psnr(net: LatentNet | DynamicsNet, clips: Sequence[Clip], conditions: Conditions) -> dict[str, dict[str, Any]]:
    errors: dict[str, dict[str, Errors]] = {}
    for game in sorted({clip.game for clip in clips}):
        picks = spread([clip for clip in clips if clip.game == game], FRAMES, before=net.context - 1, after=1)
        order = torch.randperm(len(picks)).tolist()  # so that a batch, where actions are exchanged, spans all the play
        for start in range(0, len(picks), 64):
            chosen = [picks[i] for i in order[start : start + 64]]
            batch = gather(chosen, net.context, net.section.size, net.labelled)
            for condition, predicted in conditions(batch).items():
                for name in (game, ALL_GAMES):
                    errors.setdefault(name, {}).setdefault(condition, Errors()).add(predicted, batch.now, batch.future)
    return {name: {condition: found.psnr() for condition, found in row.items()} for name, row in errors.items()}
