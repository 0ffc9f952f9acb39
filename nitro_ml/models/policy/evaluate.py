"""What a policy is worth on held-out videos: the flow loss, and how well the buttons it expects rank the true
presses.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from nitro_ml.core.clip import Clip
from nitro_ml.core.resample import spread
from nitro_ml.models.policy import flow
from nitro_ml.models.policy.config import AnyRecipe
from nitro_ml.models.policy.data import Batch, gather
from nitro_ml.models.policy.model import AnyNet, to_pixels
from nitro_ml.training.device import seeded

FRAMES = 256  # per game
DRAWS = 4


def evaluate(net: AnyNet, recipe: AnyRecipe, clips: Sequence[Clip]) -> dict[str, Any]:
    """Per game: `frames` looked at, `flow_loss`, `button_ap` and `button_ap_chance`; with no held-out clip, nothing.

    `button_ap` is the macro average precision, over the buttons that occur, of the expected chunk's executed part: at
    t = 0 the velocity is E[a | frame] - eps, so one evaluation at eps = 0 gives that expectation. `button_ap_chance` is
    what a constant reaches, the buttons' share of frames held. Both are null where no button varies.
    """
    games = sorted({clip.game for clip in clips})
    with seeded(recipe.seed), torch.inference_mode():
        return {game: _game(net, recipe, [c for c in clips if c.game == game]) for game in games}


def _game(net: AnyNet, recipe: AnyRecipe, clips: Sequence[Clip]) -> dict[str, float | int | None]:
    picks = spread(clips, FRAMES)
    parts = [gather(picks[i : i + 64], recipe) for i in range(0, len(picks), 64)]
    losses, scores = zip(*(_batch(net, recipe, part) for part in parts), strict=True)
    mask = torch.cat([part.mask[:, : recipe.execute] for part in parts]).numpy()
    buttons = recipe.layout.buttons
    truth = torch.cat([part.chunks[:, : recipe.execute, buttons] for part in parts]).numpy()[mask] > 0.5
    score = np.concatenate(scores)[mask]
    varies = [b for b in range(len(buttons)) if 0 < truth[:, b].sum() < len(truth)]
    ap = [average_precision_score(truth[:, b], score[:, b]) for b in varies]
    return {
        "frames": len(picks),
        "flow_loss": float(np.average(losses, weights=[len(part.frames) for part in parts])),
        "button_ap": float(np.mean(ap)) if ap else None,
        "button_ap_chance": float(truth[:, varies].mean()) if ap else None,
    }


def _batch(net: AnyNet, recipe: AnyRecipe, batch: Batch) -> tuple[float, NDArray[np.float32]]:
    batch = batch.to(net.device)
    context = net.encode(to_pixels(batch.frames))
    a = batch.chunks.repeat_interleave(DRAWS, 0)
    eps = torch.randn_like(a)
    t = flow.draw_time(len(a), recipe.beta).to(a.device)
    mask = batch.mask.repeat_interleave(DRAWS, 0)
    loss = flow.loss(lambda a_t, t: net(context, a_t, t), a, eps, t, mask)
    nothing = torch.zeros_like(batch.chunks)
    expected = net(context, nothing, nothing[:, 0, 0])
    return float(loss), expected[:, : recipe.execute, recipe.layout.buttons].cpu().numpy()
