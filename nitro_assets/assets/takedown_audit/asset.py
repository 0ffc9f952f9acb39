"""Is anything left? Every place nitro writes to, Dagster's databases included, searched for every erased video."""

from nitro_assets.assets.declare import Asset, Reads

ASSET = Asset(
    __doc__,
    "takedown_audit",
    "none",
    code="1",
    turn=1,
    reads=(Reads("takedown_requests"),),
    group="takedown",
    kinds={"deltalake"},
    checks={"nothing_left": "No trace anywhere."},
)
