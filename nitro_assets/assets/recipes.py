"""The recipes that an asset's partitions are named after and made by."""

from collections.abc import Mapping
from typing import Any

from nitro_assets.assets.declare import Asset, Partitions
from nitro_assets.settings import Settings
from nitro_ml import recipes

_RECIPE_KIND = {"idm_recipe": "idm", "mixture": "mixture", "world_recipe": "world"}


def recipe_partitions(partitions: Partitions) -> list[str]:
    """The partition keys of a recipe-partitioned asset: the IDM recipes that the settings name, and of the others the
    checked-in ones that need no accelerator."""
    kind = _RECIPE_KIND[partitions]
    if kind == "idm":
        return sorted({name.strip() for name in Settings().idm_recipes.split(",")})
    return [name for name in recipes.names(kind) if recipes.read(kind, name).get("requires", "cpu") == "cpu"]


def recipe_of(asset: Asset, partition: str) -> Mapping[str, Any]:
    """The recipe a partition is made by; empty for shards."""
    kind = _RECIPE_KIND.get(asset.partitions)
    return recipes.read(kind, partition) if kind else {}


def recipe_names(asset: Asset, partition: str) -> list[tuple[str, str]]:
    """(kind, name) of every recipe that shapes a partition; a mixture names its policy recipe."""
    own = _RECIPE_KIND.get(asset.partitions)
    return [(kind, partition if kind == own else str(recipe_of(asset, partition)[kind])) for kind in asset.recipes]
