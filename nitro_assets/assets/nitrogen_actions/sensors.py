"""NitroGen's shards as dynamic partitions: the keys follow what is under `NITRO_NITROGEN`."""

import dagster as dg

from nitro_assets.runtime.partitions import add_shards
from nitro_assets.settings import Settings
from nitro_ml.nitrogen import NitrogenError


@dg.sensor(minimum_interval_seconds=300, default_status=dg.DefaultSensorStatus.RUNNING)
def nitrogen_shards(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Keep the partitions of `nitrogen_actions` in step with the folder; starts no run."""
    try:
        new = add_shards(context.instance, Settings())
    except (NitrogenError, OSError) as error:
        return dg.SkipReason(str(error))
    return dg.SkipReason(f"{len(new)} new shards: {', '.join(new)}" if new else "no new shard")
