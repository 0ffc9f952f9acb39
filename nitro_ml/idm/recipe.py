"""The IDM's recipe: every number that decides what is trained, from `recipes/idm/NAME.yaml`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from nitro_ml import recipes

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class IDMRecipe(BaseModel):
    """One inverse dynamics model.

    `reach` is how many steps of 1/30 s the model looks to both sides; 0 is the pair of a frame and its successor alone.
    `channels` are those of the three convolutions, `width` an encoded frame's, `hidden` the head's. A step trains on
    `stretches` pieces of play with `length` labelled frames each. `erase` is the share of pieces that get black
    rectangles, `jitter` the largest change of brightness and contrast. `calibration_share` and `test_share` are shares
    of each game's videos. `probe_share` is the share of the steps that each of the probes for foreign games trains.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    requires: Literal["cpu", "gpu"] = "cpu"
    seed: int
    resolution: Annotated[int, Field(ge=32)]
    reach: Annotated[int, Field(ge=0)]
    channels: tuple[Count, Count, Count]
    width: Count
    hidden: Count
    steps: Count
    stretches: Count
    length: Count
    learning_rate: Annotated[float, Field(gt=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    erase: Share
    jitter: Share
    calibration_share: Annotated[float, Field(gt=0, lt=0.5)]
    test_share: Annotated[float, Field(gt=0, lt=0.5)]
    probe_share: Annotated[float, Field(gt=0, le=1)] = 0.15


def load_recipe(name: str) -> IDMRecipe:
    """The checked-in recipe. Raises `RecipeError` naming the file, the field, what was found and what is allowed."""
    return recipes.load(IDMRecipe, "idm", name)
