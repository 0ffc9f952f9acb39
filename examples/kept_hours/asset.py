"""Hours that are worth training on, game by game.

What: a summary of the kept segments, in the asset's metadata; no table.
Source: `label_segments`. Partitions: none.
"""

from nitro_assets.assets.declare import Asset, Reads

ASSET = Asset(
    __doc__,
    "kept_hours",
    "none",
    code="1",
    reads=(Reads("label_segments", "all"),),
    group="labels",
    kinds={"polars"},
    checks={"something_is_kept": "At least one game has kept segments."},
)
