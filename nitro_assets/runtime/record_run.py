"""The record of an asset that no worker makes: without partitions, made within Dagster's own step."""

import dagster as dg

from nitro_assets.assets import ASSETS
from nitro_assets.assets.declare import NO_PARTITION
from nitro_assets.fingerprint import digest
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import Record, State
from nitro_assets.settings import Settings


def record(lake: Lake, settings: Settings, name: str, rows: int) -> dg.DataVersion:
    """Keep it, with how many rows (or whatever is counted); the version that Dagster is told."""
    state = State(lake, settings)
    components = state.input_versions(ASSETS[name], NO_PARTITION)
    root = digest(components)
    state.record(Record(name, NO_PARTITION, root, components, root, rows))
    return dg.DataVersion(root)
