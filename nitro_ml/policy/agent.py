"""A trained policy, ready to act."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nitro_ml import checkpoint
from nitro_ml.actions import Actions
from nitro_ml.fit import fastest
from nitro_ml.policy import chunk, flow
from nitro_ml.policy.model import AnyNet, PolicyError, PolicyNet, build_vision, to_pixels
from nitro_ml.policy.recipe import PolicyRecipe
from nitro_ml.policy.released.folder import LAYOUT, restore
from nitro_ml.policy.released.recipe import ReleasedRecipe
from nitro_ml.video import shrink


class Policy:
    """Acts on single frames; knows nothing of the game but what it sees.

    >>> policy = Policy.load(Path("checkpoints/3f0c..."))          # doctest: +SKIP
    >>> policy.act_on(screen, np.random.default_rng(0)).buttons.shape   # doctest: +SKIP
    (16, 17)

    resolution: the side of the frames it takes; rate: actions a second, 30 or 60; horizon: actions in a chunk; execute:
    how many of them are played before it looks again.
    """

    def __init__(self, net: AnyNet, recipe: PolicyRecipe | ReleasedRecipe, card: dict[str, Any]) -> None:
        self.net = net.eval()
        self.recipe = recipe
        self.card = card
        self.resolution, self.rate = recipe.resolution, recipe.layout.rate
        self.horizon, self.execute = recipe.horizon, recipe.execute

    @classmethod
    def load(cls, path: Path) -> "Policy":
        """From a checkpoint folder, without any download. Raises `CheckpointError`, or `PolicyError` for another
        kind.
        """
        state, card = checkpoint.load(path)
        if card.get("kind") != "policy":
            raise PolicyError(f"{path.name}: found a checkpoint of kind {card.get('kind')!r}; a policy is needed.")
        if card.get("layout") == LAYOUT:
            released, played = restore(path.name, state, card)
            return cls(released.to(fastest()), played, card)
        recipe = PolicyRecipe(**card["recipe"])
        net = PolicyNet(recipe, build_vision(card["vision"]))
        net.load_state_dict(state)
        return cls(net, recipe, card)

    @torch.inference_mode()
    def act(self, rgb: NDArray[np.uint8], rng: np.random.Generator) -> Actions:
        """The next H actions, `rate` a second, from the frame shown now, uint8 [S, S, 3]; the noise comes from `rng`."""
        if rgb.shape != (self.resolution, self.resolution, 3) or rgb.dtype != np.uint8:
            raise PolicyError(
                f"Found a frame {rgb.dtype} {rgb.shape}; this policy takes uint8 "
                f"({self.resolution}, {self.resolution}, 3): shrink it first with nitro_ml.video.shrink."
            )
        sight = self.net.see(to_pixels(torch.from_numpy(rgb)[None].to(self.net.device)))
        noise = rng.standard_normal((1, self.horizon, self.recipe.layout.dimensions), dtype=np.float32)
        eps = torch.from_numpy(noise).to(self.net.device)
        sampled = flow.integrate(lambda a_t, t: self.net(sight, a_t, t), eps, self.recipe.euler_steps)
        return chunk.decode(sampled[0], self.recipe.layout)

    def act_on(self, screen: NDArray[np.uint8], rng: np.random.Generator) -> Actions:
        """`act` for a live frame uint8 [H, W, 3] of any size, through the preprocessing of the training."""
        return self.act(shrink(screen, self.resolution), rng)
