"""NitroGen's shards as dynamic partitions: the keys follow what is under `NITRO_NITROGEN`."""

import dagster as dg

from nitro_assets.runtime.partitions import NITROGEN_SHARDS
from nitro_assets.settings import Settings
from nitro_ml import nitrogen
from nitro_ml.nitrogen import NitrogenError


def add_shards(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Add the shards that Dagster doesn't know yet; gives their keys."""
    known = set(instance.get_dynamic_partitions(NITROGEN_SHARDS))
    new = [shard for shard in nitrogen.shards(settings.nitrogen) if shard not in known]
    if new:
        instance.add_dynamic_partitions(NITROGEN_SHARDS, new)
    return new


@dg.sensor(minimum_interval_seconds=300, default_status=dg.DefaultSensorStatus.RUNNING)
def nitrogen_shards(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Keep the partitions of `nitrogen_actions` in step with the folder; starts no run."""
    try:
        new = add_shards(context.instance, Settings())
    except (NitrogenError, OSError) as error:
        return dg.SkipReason(str(error))
    return dg.SkipReason(f"{len(new)} new shards: {', '.join(new)}" if new else "no new shard")
