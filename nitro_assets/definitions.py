"""The one code location: finds the assets, decides nothing."""

from importlib import import_module
from importlib.util import find_spec

import dagster as dg

from nitro_assets import assets
from nitro_assets.assets import ASSETS
from nitro_assets.runtime.launcher import engine
from nitro_assets.runtime.worker_asset import worker_asset
from nitro_assets.settings import Settings

LIGHT = ("definitions", "schedules", "sensors")
"""Files of an asset's folder that Dagster loads; `worker.py` is only ever started."""


def _modules(name: str) -> list[str]:
    """Those that are there."""
    return [module for file in LIGHT if find_spec(module := f"{assets.__name__}.{name}.{file}")]


def _workers() -> list[dg.AssetsDefinition]:
    return [worker_asset(asset) for name, asset in ASSETS.items() if find_spec(f"{assets.__name__}.{name}.worker")]


definitions = dg.Definitions.merge(
    dg.Definitions(_workers(), resources={"engine": dg.ResourceDefinition(lambda _: engine(Settings()))}),
    *(dg.load_definitions_from_module(import_module(module)) for name in ASSETS for module in _modules(name)),
)
