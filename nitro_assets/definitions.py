"""The one code location: finds the assets, decides nothing."""

from importlib import import_module
from importlib.util import find_spec

import dagster as dg

from nitro_assets import assets
from nitro_assets.assets import ASSETS
from nitro_assets.runtime.launcher import engine
from nitro_assets.runtime.worker_asset import step_asset, worker_asset
from nitro_assets.settings import Settings

LIGHT = ("schedules", "sensors")
"""Files of an asset's folder that Dagster loads; `worker.py` is started as a process, `step.py` and `ticks.py` are
loaded when a step or a tick is due."""


def _modules(name: str) -> list[str]:
    """Those that are there."""
    return [module for file in LIGHT if find_spec(module := f"{assets.__name__}.{name}.{file}")]


def _assets() -> list[dg.AssetsDefinition]:
    return [worker_asset(asset) if find_spec(asset.worker) else step_asset(asset) for asset in ASSETS.values()]


definitions = dg.Definitions.merge(
    dg.Definitions(_assets(), resources={"engine": dg.ResourceDefinition(lambda _: engine(Settings()))}),
    *(dg.load_definitions_from_module(import_module(module)) for name in ASSETS for module in _modules(name)),
)
