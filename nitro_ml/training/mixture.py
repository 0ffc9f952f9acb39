"""The recipe of a mixture: what policies and world models learn from, and how often they see it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nitro_ml import recipes
from nitro_ml.training.choice import Choice, Share


class MixtureChoice(Choice):
    """The section `data` of a mixture. Its limits hold for labelled play and pseudo-labelled segments together; what
    only labelled play can be asked for (`minimum_density`, `best`, ...) is asked of that alone.

    held_out: the share of each game's labelled videos that is measured on and never trained on, of those chosen.
    """

    held_out: Annotated[float, Field(ge=0, lt=1)]


class MixtureRecipe(BaseModel):
    """One mixture, `recipes/mixture/NAME.yaml`.

    policy: the policy recipe trained on it; data: what it takes; truth_weight: how often labelled play is drawn. It may
    be anyone's: an inverse dynamics model learns from all of it, while a policy plays as well as those it copies, so
    that where the labelled players are worse than those of the walkthroughs this is less than 1, or 0; pseudo: whether
    kept pseudo-labelled segments are in it, drawn `pseudo_weight` times their mean confidence as often; idle: the share
    of idle chunks that is taken as well, or the policy never learns to wait.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str
    data: MixtureChoice
    truth_weight: Annotated[float, Field(ge=0)] = 1.0
    pseudo: bool = False
    pseudo_weight: Annotated[float, Field(ge=0)] = 0.5
    idle: Share = 0.05

    @model_validator(mode="before")
    @classmethod
    def _as_today(cls, found: Any) -> Any:
        """Recipes written before there was a section `data` have some of its fields beside it."""
        if not isinstance(found, dict) or not isinstance(found.get("data", {}), dict):
            return found
        older = {name: found[name] for name in recipes.ONCE_OUTSIDE if name in found}
        data = found.get("data", {})
        if twice := older.keys() & data.keys():
            raise ValueError(f"{', '.join(sorted(twice))}: found beside `data` and in it; name it in `data` alone.")
        return {k: v for k, v in found.items() if k not in older} | {"data": {**older, **data}}


def load_recipe(name: str) -> MixtureRecipe:
    """The checked-in recipe. Raises `RecipeError` naming the file, the field, what was found and what is allowed."""
    return recipes.load(MixtureRecipe, "mixture", name)
