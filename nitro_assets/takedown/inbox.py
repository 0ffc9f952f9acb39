"""The inbox: a folder whose `*.json` files are takedown requests, each answered by a file beside it.

`{"video": "https://...", "reason": "..."}` becomes `NAME.json.answer`; the request file itself is removed once it has
been taken, since it holds the address.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.quarantine import request
from nitro_assets.takedown.requests import TakedownError

ALLOWED = frozenset({"video", "reason"})


@dataclass(frozen=True)
class Answer:
    """What became of one file."""

    accepted: bool
    text: str


def take_in(lake: Lake, settings: Settings) -> list[Answer]:
    """Take every request file in, oldest name first. A bad one is answered and set aside; the others go on."""
    return [_take(lake, settings, path) for path in sorted(settings.inbox.glob("*.json"))]


def _take(lake: Lake, settings: Settings, path: Path) -> Answer:
    try:
        answer = Answer(True, f"quarantined as {request(lake, settings, *_read(path)).id}")
        path.unlink()
    except TakedownError as error:
        answer = Answer(False, f"refused: {error}")
        path.rename(path.with_name(path.name + ".refused"))
    path.with_name(path.name + ".answer").write_text(answer.text + "\n")
    return answer


def _read(path: Path) -> tuple[str, str]:
    try:
        found = json.loads(path.read_text())
    except (ValueError, OSError) as error:
        raise TakedownError(f"not readable as JSON ({error.__class__.__name__}); allowed: video and reason.") from error
    if not isinstance(found, dict) or set(found) - ALLOWED or not isinstance(found.get("video"), str):
        raise TakedownError('allowed is {"video": address or key, "reason": text}; found something else.')
    return found["video"], str(found.get("reason", ""))
