"""All takedown requests and their states; making this asset takes each request as far as it goes without a person.

A verified request is planned, an approved plan is carried out and scanned for traces, and a rebuilt request is
reported. The asset shows requests by their id only. Dagster is told what a takedown changed: partitions get a new data
version, and checkpoints a failed check `inputs_are_clean`.
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
    checks={"all_carried_out": "No request is waiting to be carried out."},
    source=_asked,
)
