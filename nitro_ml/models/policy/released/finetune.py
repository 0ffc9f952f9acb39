"""Fine-tuning: from an imported checkpoint to a network of which the recipe's part learns, and back to a plain one."""

from pathlib import Path
from typing import Any

from nitro_ml.models.policy.released.archive import WeightsError
from nitro_ml.models.policy.released.folder import CARRIED, restore
from nitro_ml.models.policy.released.net import ReleasedNet
from nitro_ml.models.policy.released.recipe import FinetuneRecipe, Lora
from nitro_ml.training import checkpoint

# Names of the layers that get adapters, as regular expressions.
BLOCKS = r"(vl_self_attention_model|model)\.transformer_blocks\..*\.(to_q|to_k|to_v|to_out\.0|net\.0\.proj|net\.2)"
VISION = r"vision_encoder\.encoder\..*\.(q_proj|k_proj|v_proj|out_proj|fc1|fc2)"


class Finetuned:
    """net: what is trained; facts: what the new checkpoint's card has from the one it starts from."""

    def __init__(self, recipe: FinetuneRecipe) -> None:
        """Raises `WeightsError` where the recipe's start is missing or of another layout or resolution."""
        folder = _start(recipe)
        state, card = checkpoint.load(folder)
        self.net, played = restore(folder.name, state, card)
        if played.resolution != recipe.resolution:
            raise WeightsError(
                f"policy recipe {recipe.name}: found resolution: {recipe.resolution}; the weights it starts from take "
                f"{played.resolution}."
            )
        self.facts: dict[str, Any] = {**{key: card[key] for key in CARRIED}, "start": folder.name}
        self.net.train().requires_grad_(recipe.lora is None)
        if not recipe.train_vision:
            self.net.vision_encoder.requires_grad_(False)
        self._adapted = _adapt(self.net, recipe.lora, recipe.train_vision) if recipe.lora else None

    def merge(self) -> None:
        """Adds the adapters to the weights they adapt: `net` is a plain network again."""
        if self._adapted is not None:
            self._adapted.merge_and_unload()


def _start(recipe: FinetuneRecipe) -> Path:
    path = Path(recipe.start).expanduser()
    if not path.is_dir():
        raise WeightsError(
            f"policy recipe {recipe.name}: start: found no folder {path}; give that of a checkpoint which `nitro "
            "policy import` wrote, in the recipe or in the environment variable it names."
        )
    return path.resolve()


def _adapt(net: ReleasedNet, how: Lora, vision: bool) -> Any:
    from peft import LoraConfig, get_peft_model  # takes seconds, and only this needs it

    names = f"{BLOCKS}|{VISION}" if vision else BLOCKS
    return get_peft_model(net, LoraConfig(r=how.rank, lora_alpha=how.alpha, target_modules=names))
