"""Where the scanner looks: every place on this machine that nitro writes to or reads from, the lake, the databases."""

import os
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path

from nitro_assets.settings import Settings
from nitro_assets.takedown.needles import Matcher
from nitro_assets.takedown.scan import Scan

SCRATCH = ("checkpoints", "clips", "idm", "lane", "policy", "rows", "video", "world")
"""What workers call their temporary folders, after `nitro-`; a killed one leaves them."""


def places(settings: Settings) -> list[str]:
    """Folders, files and prefixes."""
    found = [settings.lake, str(settings.cache), str(settings.training), str(settings.inbox), str(settings.exports)]
    if "://" not in settings.nitrogen:
        found.append(settings.nitrogen)
    if settings.sources:
        found.append(str(settings.sources))
    if home := os.environ.get("DAGSTER_HOME"):
        found.append(home)
    scratch = Path(tempfile.gettempdir())
    return found + sorted(str(path) for name in SCRATCH for path in scratch.glob(f"nitro-{name}*"))


def look(settings: Settings, matcher: Matcher, exempt: Collection[str], databases: Iterable[str]) -> Scan:
    """Scan all places. The files in `exempt` are the one thing that may still name the video: its sealed record."""
    scan = Scan(matcher, exempt)
    for place in places(settings):
        scan.tree(place)
    for database in databases:
        scan.database(database)
    return scan
