"""The audit searches every place that nitro writes to, Dagster's databases included, for every erased video."""

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
    checks={"nothing_left": "No trace of an erased video was found anywhere."},
)
