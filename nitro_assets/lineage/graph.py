"""The asset graph, once: what exists, by which partitions, from what. Dagster's definitions, the workers, `nitro
status` and the nightly schedule all read it here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nitro_assets.settings import Settings
from nitro_ml import recipes

Partitions = Literal["none", "nitrogen_shard", "corpus_shard", "idm_recipe", "mixture", "world_recipe"]
How = Literal["same", "all", "promoted", "named"]


@dataclass(frozen=True)
class Reads:
    """One input: the same partition, all partitions, the promoted checkpoint, or the one the recipe names.

    `when` names a recipe field that must be true for the input to be read at all.
    """

    asset: str
    how: How = "same"
    when: str = ""


@dataclass(frozen=True)
class Asset:
    """One asset. `code` goes up when its worker computes something else; `recipes` are the kinds it is made by."""

    name: str
    partitions: Partitions
    code: str
    reads: tuple[Reads, ...] = ()
    recipes: tuple[str, ...] = ()

    @property
    def is_checkpoint(self) -> bool:
        """Whether a materialisation is a trained model, whose version is its content hash."""
        return self.name in CHECKPOINTS


CHECKPOINTS = frozenset({"idm_checkpoint", "policy_checkpoint", "latent_actions", "world_model_checkpoint"})

NO_PARTITION = "-"
"""Stands for the one partition of an asset without partitions."""

_ASSETS = (
    Asset("takedown_requests", "none", "1"),
    Asset("nitrogen_actions", "nitrogen_shard", "1"),
    Asset("video_index", "corpus_shard", "1"),
    Asset("idm_checkpoint", "idm_recipe", "4", (Reads("nitrogen_actions", "all"),), ("idm",)),
    Asset("pseudo_labels", "corpus_shard", "3", (Reads("video_index"), Reads("idm_checkpoint", "promoted"))),
    Asset("label_segments", "corpus_shard", "3", (Reads("pseudo_labels"),)),
    Asset(
        "training_mixture",
        "mixture",
        "2",
        (Reads("nitrogen_actions", "all"), Reads("label_segments", "all", when="pseudo")),
        ("mixture",),
    ),
    Asset("policy_checkpoint", "mixture", "5", (Reads("training_mixture"),), ("mixture", "policy")),
    Asset("policy_evaluation", "mixture", "1", (Reads("policy_checkpoint"),)),
    Asset("latent_actions", "world_recipe", "4", (Reads("training_mixture", "named"),), ("world",)),
    Asset("world_model_checkpoint", "world_recipe", "4", (Reads("training_mixture", "named"),), ("world",)),
    Asset("takedown_audit", "none", "1", (Reads("takedown_requests"),)),
    Asset("compaction", "none", "1"),
)

ASSETS: dict[str, Asset] = {asset.name: asset for asset in _ASSETS}
"""In an order in which every asset comes after what it reads."""

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
