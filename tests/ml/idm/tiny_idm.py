"""An inverse dynamics model that learns the game of `moving` in seconds."""

from nitro_ml.models.idm.config import Augmentation, ChangeSection, IDMRecipe, load_recipe

TINY = load_recipe("window").model_copy(
    update={
        "resolution": 32,
        "encoder": ChangeSection(kind="change", offsets=(1,), channels=(8, 16, 16), blocks=(0, 0), matching=1),
        "width": 32,
        "layers": 1,
        "heads": 2,
        "length": 16,
        "edge": 4,
        "steps": 60,
        "check": 20,
        "stretches": 8,
        "learning_rate": 0.004,
        "augment": Augmentation(mirror=0.5, erase=0.3, jitter=0.2),
    }
)


def short(recipe: IDMRecipe) -> IDMRecipe:
    """Eight steps, with the held-out loss taken before and after the place where one training is killed."""
    return recipe.model_copy(update={"steps": 8, "check": 3})
