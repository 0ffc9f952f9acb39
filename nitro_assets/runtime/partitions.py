"""The partitions: NitroGen's shards, hash buckets of the corpus, and the checked-in recipes.

Never one partition a video: keys are kept in runs, tags and event logs, and Dagster slows down past 100,000.
"""

import dagster as dg

from nitro_assets.assets.recipes import recipe_partitions
from nitro_assets.identity import shard_names
from nitro_assets.settings import Settings
from nitro_ml import nitrogen

NITROGEN_SHARDS = "nitrogen_shard"

PARTITIONS: dict[str, dg.PartitionsDefinition | None] = {
    "none": None,
    "nitrogen_shard": dg.DynamicPartitionsDefinition(name=NITROGEN_SHARDS),
    "corpus_shard": dg.StaticPartitionsDefinition(shard_names(Settings().corpus_shards)),
    "idm_recipe": dg.StaticPartitionsDefinition(recipe_partitions("idm_recipe")),
    "mixture": dg.StaticPartitionsDefinition(recipe_partitions("mixture")),
    "world_recipe": dg.StaticPartitionsDefinition(recipe_partitions("world_recipe")),
}


def add_shards(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Add the shards that Dagster doesn't know yet; gives their keys."""
    known = set(instance.get_dynamic_partitions(NITROGEN_SHARDS))
    new = [shard for shard in nitrogen.shards(settings.nitrogen) if shard not in known]
    if new:
        instance.add_dynamic_partitions(NITROGEN_SHARDS, new)
    return new
