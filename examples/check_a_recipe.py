"""Read an IDM recipe, and say how large its model is and how it differs from `window`.

Example: NITRO_RECIPES=examples/recipes python examples/check_a_recipe.py small_window
"""

import sys

from nitro_ml import load_recipe
from nitro_ml.models.idm.model import IDM


def main(name: str) -> None:
    recipe = load_recipe(name)  # raises RecipeError, which names a wrong field and what is allowed
    parameters = sum(p.numel() for p in IDM(recipe).parameters())
    print(f"{recipe.name}: {parameters / 1e6:.2f} M parameters")
    usual = load_recipe("window").model_dump()
    for field, value in recipe.model_dump().items():
        if value != usual[field] and field != "name":
            print(f"{field}: {value} (window: {usual[field]})")


if __name__ == "__main__":
    main(sys.argv[1])
