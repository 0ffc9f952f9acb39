"""Where the scanner looks: every place on this machine that nitro writes to or reads from, the lake, the databases."""

import os
import tempfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from nitro_assets.settings import Settings
from nitro_assets.takedown.scan.identifier_patterns import Matcher
from nitro_assets.takedown.scan.scan import Scan

SCRATCH = ("checkpoints", "clips", "idm", "lane", "policy", "rows", "video", "world")
"""What workers call their temporary folders, after `nitro-`; a killed one leaves them."""

Tell = Callable[[float, str], None]
"""tell(fraction, message): how far it is, and at what."""


def places(settings: Settings) -> list[str]:
    """Folders, files and prefixes, none within another: each file is read once."""
    found = [settings.lake, str(settings.cache), str(settings.training), str(settings.inbox), str(settings.exports)]
    if "://" not in settings.nitrogen:
        for folder in (Path(settings.nitrogen), Path(settings.nitrogen, "actions")):
            found += sorted(str(path) for path in folder.glob("SHARD_*"))
    if settings.sources:
        found.append(str(settings.sources))
    if home := os.environ.get("DAGSTER_HOME"):
        found.append(os.path.abspath(home))
    scratch = Path(tempfile.gettempdir())
    found += sorted(str(path) for name in SCRATCH for path in scratch.glob(f"nitro-{name}*"))
    return [p for p in dict.fromkeys(found) if not any(p.startswith(f"{other}/") for other in found)]


def look(
    settings: Settings,
    matcher: Matcher,
    exempt: Collection[str],
    databases: Iterable[str],
    tell: Tell = lambda fraction, message: None,
) -> Scan:
    """Scan all places. The files in `exempt` are the one thing that may still name the video: its sealed record."""
    scan = Scan(matcher, exempt, tell=tell)
    scan.trees(places(settings))
    for database in databases:
        scan.database(database)
    return scan
