"""What recordings of one's own are called here, and what is asked of their lake."""

import hashlib
from pathlib import Path

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.ownership import vouch
from nitro_assets.takedown.requests import Request, find
from nitro_assets.takedown.workflow import carry_on
from tests.assets.takedown.takedown_steps import agree

GAME, FPS = "freeway", 30
ODD = ("plain.mp4", "walk [1] *.MP4", "sub [x]/döner {a,b}?.m4v")
"""Names that somebody's tool would take for a pattern."""


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): f"{path.stat().st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files}


def taken_down(lake: Lake, settings: Settings, asked: Request) -> Request:
    """Vouched for, planned, approved by one, erased and scanned."""
    vouch(lake, asked.id)
    carry_on.plan(lake, settings, asked.id)
    agree(lake, settings, find(lake, asked.id), "anna")
    return carry_on.erase_approved(lake, settings, asked.id)
