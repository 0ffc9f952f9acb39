"""Where the scanner looks: the addresses that the stores name, and nothing else of theirs."""

from collections.abc import Callable, Collection
from typing import Any

from nitro_assets.settings import Settings
from nitro_assets.stores import targets
from nitro_assets.takedown.scan.identifier_patterns import Matcher
from nitro_assets.takedown.scan.scan import Scan

Tell = Callable[[float, str], None]
"""tell(fraction, message): how far it is, and at what."""


def scan_targets(settings: Settings) -> list[str]:
    """Folders, files and prefixes, none within another: each file is read once."""
    found = dict.fromkeys(target.address for target in targets(settings))
    return [p for p in found if not any(p.startswith(f"{other}/") for other in found)]


def scan_everything(
    settings: Settings,
    matcher: Matcher,
    exempt: Collection[str],
    instance: Any = None,
    tell: Tell = lambda fraction, message: None,
) -> Scan:
    """Scan all places. The files in `exempt` are the one thing that may still name the video: its sealed record.

    instance: Dagster's, whose database servers are read as well.
    """
    scan = Scan(matcher, exempt, tell=tell)
    scan.trees(scan_targets(settings))
    for target in targets(settings, instance):
        if target.is_database:
            scan.database(target.address)
    return scan
