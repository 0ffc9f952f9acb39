"""nitro_assets: the lake, its lineage, takedown, and the Dagster assets over `nitro_ml`."""
