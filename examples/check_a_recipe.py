"""Read an IDM recipe from a file, and say how large its model is and how it differs from `window`.

Example: python examples/check_a_recipe.py examples/small_window.yaml
"""

import sys
from pathlib import Path

import yaml

from nitro_ml.models.idm.config import IDMRecipe, load_recipe
from nitro_ml.models.idm.model import IDM


def main(path: Path) -> None:
    recipe = IDMRecipe(
        name=path.stem, **yaml.safe_load(path.read_text())
    )  # a wrong field is named, with what is allowed
    parameters = sum(p.numel() for p in IDM(recipe).parameters())
    print(f"{recipe.name}: {parameters / 1e6:.2f} M parameters")
    usual = load_recipe("window").model_dump()
    for field, value in recipe.model_dump().items():
        if value != usual[field] and field != "name":
            print(f"{field}: {value} (window: {usual[field]})")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
