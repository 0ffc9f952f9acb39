"""The policy's recipe: every number that decides what is trained, from `recipes/policy/NAME.yaml`."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from nitro_ml import recipes
from nitro_ml.policy import chunk
from nitro_ml.policy.released.recipe import FinetuneRecipe

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Encoder(BaseModel):
    """A SigLIP 2 vision encoder with random weights: the sizes of `transformers.SiglipVisionConfig`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patch_size: Count
    hidden_size: Count
    intermediate_size: Count
    num_hidden_layers: Count
    num_attention_heads: Count


class PolicyRecipe(BaseModel):
    """One policy.

    `vision` is an encoder to start from scratch, or the name (or folder) of pretrained weights;
    `guess` adds a linear first guess of the action from the whole frame. `draws` is the number
    of flow times and noises per encoded frame; `execute` the number of actions played before looking again. `beta`
    are the parameters of the flow time's distribution. `warmup` and `decay` are the shares of `steps` in which the
    learning rate rises to its plateau and falls to zero.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: ClassVar[chunk.Layout] = chunk.OURS
    shift: ClassVar[float] = 0.0

    name: str
    requires: Literal["cpu", "gpu"] = "cpu"
    seed: int
    resolution: Count
    vision: Encoder | str
    guess: bool
    width: Count
    heads: Count
    mixer_layers: Annotated[int, Field(ge=0)]
    dit_layers: Count
    horizon: Count
    execute: Count
    euler_steps: Count
    beta: tuple[float, float]
    steps: Count
    batch: Count
    draws: Count
    learning_rate: Annotated[float, Field(gt=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    warmup: Share
    decay: Share
    ema: Share
    jitter: Share
    degrees: Annotated[float, Field(ge=0, le=45)]
    crop: Share


AnyRecipe = PolicyRecipe | FinetuneRecipe


def load_recipe(name: str) -> AnyRecipe:
    """The checked-in recipe; one with a `start` fine-tunes it. Raises `RecipeError` naming the file, the field, what was
    found and what is allowed.
    """
    if "start" in recipes.read("policy", name):
        return recipes.load(FinetuneRecipe, "policy", name)
    return recipes.load(PolicyRecipe, "policy", name)
