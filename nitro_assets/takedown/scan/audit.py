"""Is anything left? Every place nitro writes to, searched for every video that was erased, long after its takedown.

The identifiers are gone by then: the scanner asks the blocklist about each key and address that it comes across.
"""

from dataclasses import dataclass
from typing import Any

from nitro_assets.assets import ASSETS
from nitro_assets.lake.ledger.blocklist import Blocklist
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import came_from
from nitro_assets.lineage.state import State
from nitro_assets.settings import Settings
from nitro_assets.takedown.requests import OPEN, requests
from nitro_assets.takedown.scan.identifier_patterns import Tokens
from nitro_assets.takedown.scan.targets import scan_everything
from nitro_assets.takedown.scan.traces import traces

RETRAIN = "make it anew: `nitro run`"


@dataclass(frozen=True)
class Finding:
    """One thing that should not be there: where it is, what it is, in which form, and what to do about it."""

    where: str
    found: str
    next: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.found}{'; ' if self.next else ''}{self.next}"


def audit(lake: Lake, settings: Settings, instance: Any = None) -> list[Finding]:
    """Traces of erased videos, and usable checkpoints that saw a blocked one; empty when all is well.

    instance: Dagster's, whose database servers are searched too.
    """
    erased = frozenset(
        key for r in requests(lake) if r.is_live and r.state not in OPEN for key in (*r.block_keys, *r.names)
    )
    scan = (
        scan_everything(settings, Tokens(Blocklist(lake.secret, erased), lake.secret), (), instance) if erased else None
    )
    found = scan.found if scan else []
    left = [
        Finding(f.where, f"{t.found}, in: {t.kind}", t.next)
        for f, t in zip(found, traces(settings, found), strict=True)
    ]
    return [*left, *_checkpoints(lake, settings)]


def _checkpoints(lake: Lake, settings: Settings) -> list[Finding]:
    states = State(lake, settings).checkpoints
    keys = {key for r in requests(lake) if r.is_live for key in (*r.video_keys, *r.block_keys)}
    return [
        Finding(f"checkpoint {artifact.version}", f"is {states[artifact.version]['state']}, not tainted", RETRAIN)
        for artifact in came_from(lake, *sorted(keys))
        if ASSETS[artifact.asset].is_checkpoint
        and states.get(artifact.version, {}).get("state", "tainted") != "tainted"
    ]
