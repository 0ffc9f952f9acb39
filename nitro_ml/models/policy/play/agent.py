"""A trained policy, ready to act."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nitro_ml.core.actions import Actions
from nitro_ml.core.resample import RATE
from nitro_ml.models.policy import chunk, flow
from nitro_ml.models.policy.config import PolicyRecipe
from nitro_ml.models.policy.model import AnyNet, PolicyNet, to_pixels
from nitro_ml.models.policy.released.folder import LAYOUT, restore
from nitro_ml.models.policy.released.recipe import ReleasedRecipe
from nitro_ml.models.policy.vision import PolicyError, encoder
from nitro_ml.training import checkpoint
from nitro_ml.training.checkpoint import CheckpointError
from nitro_ml.training.device import default_device
from nitro_ml.training.hub import folder


class Policy:
    """A policy acts on a few frames, and knows nothing of the game but what it sees.

    >>> policy = Policy.load(Path("checkpoints/3f0c..."))          # doctest: +SKIP
    >>> seen = np.stack([shrink(screen, policy.resolution)] * len(policy.context))[None]   # doctest: +SKIP
    >>> policy.act(seen, policy.noise(np.random.default_rng(0))[None])[0].buttons.shape   # doctest: +SKIP
    (8, 17)

    - `resolution`: the side S, in pixels, of the frames that it takes.
    - `context`: the offsets, in steps of 1/30 s, of the K frames that it sees.
    - `rate`: the actions a second in its chunks, 30 or 60.
    - `horizon`: the number H of actions in a chunk.
    - `execute`: the number of frames, of 1/30 s, that it plays before it looks again.
    - `commit`: the number of frames for which its chunks come from the same noise.
    """

    def __init__(self, net: AnyNet, recipe: PolicyRecipe | ReleasedRecipe, card: dict[str, Any]) -> None:
        self.net = net.eval()
        self.recipe = recipe
        self.card = card
        self.resolution, self.context = recipe.resolution, recipe.context
        self.rate, self.horizon, self.commit = recipe.layout.rate, recipe.horizon, recipe.commit
        self._stride = round(self.rate / RATE)
        self.execute = -(-recipe.execute // self._stride)

    @classmethod
    def load(cls, path: Path) -> "Policy":
        """Load a checkpoint folder, without any download.

        Raises `CheckpointError` for a checkpoint of another version, and `PolicyError` for one of another kind.
        """
        state, card = checkpoint.load(path)
        if card.get("kind") != "policy":
            raise PolicyError(f"{path.name}: found a checkpoint of kind {card.get('kind')!r}; a policy is needed.")
        if card.get("layout") == LAYOUT:
            released, played = restore(path.name, state, card)
            return cls(released.to(default_device()), played, card)
        try:
            recipe = PolicyRecipe(**card["recipe"])
            net = PolicyNet(recipe, encoder(recipe, card.get("vision")))
            net.load_state_dict(state)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(
                f"{path.name}: this version of nitro can't rebuild the policy ({type(error).__name__}: "
                f"{str(error).splitlines()[0]}); train it anew."
            ) from error
        return cls(net, recipe, card)

    def noise(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """The noise that a chunk starts from, float32 [H, D], where D is the numbers of an action."""
        return rng.standard_normal((self.horizon, self.recipe.layout.dimensions), dtype=np.float32)

    @torch.inference_mode()
    def act(self, frames: NDArray[np.uint8], eps: NDArray[np.float32]) -> list[Actions]:
        """The next actions at 30 Hz for each of B contexts; of a chunk at 60 Hz, every second action.

        - `frames`: uint8 [B, K, S, S, 3], frames made small by `nitro_ml.video.resize.resize`.
        - `eps`: float32 [B, H, D], see `noise`.

        Raises `PolicyError` for frames of another shape or type.
        """
        allowed = (len(self.context), self.resolution, self.resolution, 3)
        if frames.shape[1:] != allowed or frames.dtype != np.uint8:
            raise PolicyError(
                f"Found frames {frames.dtype} {frames.shape}; this policy takes uint8 [B, "
                f"{', '.join(map(str, allowed))}]: shrink them first with nitro_ml.video.resize.resize."
            )
        device = self.net.device
        context = self.net.encode(to_pixels(torch.from_numpy(frames).to(device)))
        start = torch.from_numpy(eps).to(device)
        flowed = flow.integrate(lambda a_t, t: self.net(context, a_t, t), start, self.recipe.euler_steps)
        played = flowed[:, :: self._stride].float().cpu().numpy()
        return [chunk.decode(one, self.recipe.layout) for one in played]


def load_policy(where: str | Path) -> Policy:
    """Load the policy of a checkpoint, which is a folder of any name, or `hf://owner/name`.

    Raises `CheckpointError` if there is no such checkpoint or it is of another version, and `PolicyError` if it is of
    another kind.
    """
    return Policy.load(folder(where))
