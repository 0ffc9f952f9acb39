"""Checked-in recipes: YAML files `recipes/KIND/NAME.yaml`, one per IDM, mixture, policy and world model."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Recipe = TypeVar("Recipe", bound=BaseModel)

ROOT = Path(__file__).parent
KINDS = ("idm", "mixture", "policy", "world")


class RecipeError(ValueError):
    """A recipe that does not exist or cannot be read."""


def names(kind: str) -> list[str]:
    """The recipes of a kind, sorted."""
    return sorted(p.stem for p in (ROOT / kind).glob("*.yaml"))


def read(kind: str, name: str) -> dict[str, Any]:
    """The recipe as a mapping. Raises `RecipeError` naming the recipe and the ones there are.

    Environment variables in a `start`, the checkpoint that a training starts from, are filled in: another checkpoint
    makes it another recipe.
    """
    path = ROOT / kind / f"{name}.yaml"
    if not path.is_file():
        raise RecipeError(f"{kind} recipe {name!r} not found; there are: {', '.join(names(kind))}.")
    try:
        recipe = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise RecipeError(f"{path.name}: not valid YAML: {error}") from error
    if not isinstance(recipe, dict):
        raise RecipeError(f"{path.name}: found a {type(recipe).__name__}; a recipe is a mapping.")
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
    """16 hex digits over the recipe's content; comments and order of keys don't count."""
    canonical = json.dumps(read(kind, name), sort_keys=True)
    return hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest()
