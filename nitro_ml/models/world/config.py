"""The world models' recipe, `recipes/world/NAME.yaml`: one section for latent actions, one for the dynamics."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from nitro_ml import recipes
from nitro_ml.training.hardware import Hardware

Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """What both models need: the `size` they work at, their channels, and the training's bounds.

    `contrast` is the weight of a changed pixel relative to a still one: motion is small and local, and would drown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Count
    channels: Count
    contrast: Annotated[float, Field(ge=1)]
    steps: Count
    batch: Count
    learning_rate: Annotated[float, Field(gt=0)]


class LatentSection(Section):
    """`bits` binary dimensions make 2^bits codes."""

    bits: Annotated[int, Field(ge=1, le=8)]


class DynamicsSection(Section):
    """`context` frames are seen; in the share `unknown` of training the action is hidden, so that "no action" is
    learned.
    """

    context: Count
    unknown: Annotated[float, Field(gt=0, lt=1)]


class WorldRecipe(BaseModel):
    """One pair of world models. `mixture` names the mixture they learn from; `resolution` is that of its clips."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    requires: Literal["cpu", "gpu"] = "cpu"
    hardware: Hardware = Hardware()
    seed: int
    mixture: str
    resolution: Count
    latent: LatentSection
    dynamics: DynamicsSection


def load_recipe(name: str) -> WorldRecipe:
    """The checked-in recipe. Raises `RecipeError` naming the file, the field, what was found and what is allowed."""
    return recipes.load(WorldRecipe, "world", name)
