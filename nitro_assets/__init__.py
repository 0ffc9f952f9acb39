"""nitro_assets: the lake, its lineage, takedown, and the Dagster assets over `nitro_ml`."""

import nitro_ml  # noqa: F401  it sets up torch, before a worker imports it
