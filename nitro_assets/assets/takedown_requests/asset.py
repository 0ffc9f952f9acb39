"""Every takedown request and its state; making it takes each one as far as it goes without a person.

What: the ledger's view, by request id only. What is verified is planned, what is approved is erased and scanned, what
is rebuilt is reported. What a takedown touched is told to Dagster: partitions with a new data version, checkpoints with
a failed check `inputs_are_clean`.
"""

from typing import Any

from nitro_assets.assets.declare import Asset, Sources
from nitro_assets.fingerprint import digest


def _asked(state: Sources, _: str) -> dict[str, Any]:
    """What the ledger says of any request."""
    return {"requests": digest([entry.hash for entry in state.lake.ledger.entries() if entry.request])}


ASSET = Asset(
    __doc__,
    "takedown_requests",
    "none",
    code="1",
    turn=-1,
    group="takedown",
    kinds={"deltalake"},
    checks={"all_carried_out": "No request is pending."},
    source=_asked,
)
