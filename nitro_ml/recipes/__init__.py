"""Recipes: YAML files `KIND/NAME.yaml`, one per IDM, mixture, policy and world model.

Some come with nitro. `NITRO_RECIPES` names folders of one's own that hold more, separated as in `PATH`; no name may
stand in two of them.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Recipe = TypeVar("Recipe", bound=BaseModel)

PACKAGED = Path(__file__).parent
SETTING = "NITRO_RECIPES"
KINDS = ("idm", "mixture", "policy", "world")
DATA = "data"
"""The section that says what a training takes of what there is (nitro_ml/training/choice.py)."""
ONCE_OUTSIDE = ("minimum_density", "best", "held_out")
"""Its fields that older recipes have beside it."""


class RecipeError(ValueError):
    """A recipe that does not exist, exists twice, or cannot be read."""


def folders() -> list[Path]:
    """Where recipes are looked for. Raises `RecipeError` for a folder of `NITRO_RECIPES` that isn't there."""
    own = [Path(part).expanduser() for part in os.environ.get(SETTING, "").split(os.pathsep) if part]
    for folder in own:
        if not folder.is_dir():
            raise RecipeError(f"{SETTING}: there is no folder {folder}; name folders that hold KIND/NAME.yaml.")
    return [PACKAGED, *own]


def files(kind: str) -> dict[str, Path]:
    """The recipes of a kind by name, sorted. Raises `RecipeError` where two files have the same name."""
    found: dict[str, Path] = {}
    for path in (path for folder in folders() for path in sorted((folder / kind).glob("*.yaml"))):
        if other := found.get(path.stem):
            raise RecipeError(f"{kind} recipe {path.stem!r} is there twice: {other} and {path}; rename one of them.")
        found[path.stem] = path
    return dict(sorted(found.items()))


def names(kind: str) -> list[str]:
    """The recipes of a kind, sorted. Raises `RecipeError` as `files` does."""
    return list(files(kind))


def read(kind: str, name: str) -> dict[str, Any]:
    """The recipe as a mapping. Raises `RecipeError` naming the recipe and the ones there are.

    Environment variables in a `start`, the checkpoint that a training starts from, are filled in: another checkpoint
    makes it another recipe.
    """
    there = files(kind)
    if name not in there:
        raise RecipeError(
            f"{kind} recipe {name!r} not found; there are: {', '.join(there)}. Others are looked for in {SETTING}."
        )
    try:
        recipe = yaml.safe_load(there[name].read_text())
    except yaml.YAMLError as error:
        raise RecipeError(f"{there[name]}: not valid YAML: {error}") from error
    if not isinstance(recipe, dict):
        raise RecipeError(f"{there[name]}: found a {type(recipe).__name__}; a recipe is a mapping.")
    return {**recipe, "start": os.path.expandvars(str(recipe["start"]))} if "start" in recipe else recipe


def load(model: type[Recipe], kind: str, name: str) -> Recipe:
    """The recipe as its model, which gets the `name` if it has such a field.

    Raises `RecipeError` naming the file, the field, what was found and what is allowed.
    """
    named = {"name": name} if "name" in model.model_fields else {}
    try:
        return model(**named, **read(kind, name))
    except ValidationError as error:
        raise RecipeError(f"{kind}/{name}.yaml: {'; '.join(map(_wrong, error.errors()))}.") from error


def _wrong(error: Any) -> str:
    """One of pydantic's errors, in a line."""
    return f"{'.'.join(map(str, error['loc'])) or 'it'}: {error['msg']} (found {error['input']!r:.80})"


def digest(kind: str, name: str) -> str:
    """16 hex digits over the recipe's content but its `limits`; comments and order of keys don't count."""
    recipe = read(kind, name)
    content = {field: value for field, value in recipe.items() if field != DATA}
    content |= {field: value for field, value in _data(recipe).items() if field in ONCE_OUTSIDE}
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=8).hexdigest()


def limits(kind: str, name: str) -> dict[str, Any]:
    """How much a recipe takes of what there is: its `data` but for the fields that older recipes have beside it. Where
    there is less, it makes no difference."""
    return {field: value for field, value in _data(read(kind, name)).items() if field not in ONCE_OUTSIDE}


def _data(recipe: dict[str, Any]) -> dict[str, Any]:
    data = recipe.get(DATA)
    return data if isinstance(data, dict) else {}
