"""The one code location: wires, decides nothing."""

import dagster as dg

from nitro_assets import defs
from nitro_assets.defs.engine import engine
from nitro_assets.settings import Settings

definitions = dg.Definitions(
    assets=dg.load_assets_from_package_module(defs),
    sensors=[*defs.SENSORS],
    schedules=[*defs.SCHEDULES],
    resources={"engine": dg.ResourceDefinition(lambda _: engine(Settings()))},
)
