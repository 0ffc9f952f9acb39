"""The one code location: wires, decides nothing."""

import dagster as dg

from nitro_assets import defs

definitions = dg.Definitions(
    assets=dg.load_assets_from_package_module(defs),
    sensors=[*defs.SENSORS],
    schedules=[*defs.SCHEDULES],
    resources={"pipes": dg.PipesSubprocessClient()},
)
