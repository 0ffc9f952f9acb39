"""What the site shows: `site.json`, a list of `{id, title, channel, licence, date, description, file}`."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path


@dataclass(frozen=True)
class Video:
    """One page of the site; `file` is None where the video itself is missing."""

    id: str
    title: str
    channel: str
    licence: str
    date: date
    description: str
    file: Path | None


def catalogue(root: Path) -> dict[str, Video]:
    """The videos by id, from `root/site.json`; without it, all of `root/videos/*.mp4`.

    A `file` is relative to `root/videos`, or empty. Raises KeyError or ValueError for an entry without its fields.
    """
    listing = root / "site.json"
    if not listing.is_file():
        return {path.stem: _unlisted(path) for path in sorted((root / "videos").glob("*.mp4"))}
    return {entry["id"]: _listed(entry, root / "videos") for entry in json.loads(listing.read_text())}


def _listed(entry: dict[str, str], videos: Path) -> Video:
    texts = {key: entry[key] for key in ("id", "title", "channel", "licence", "description")}
    return Video(
        **texts, date=date.fromisoformat(entry["date"]), file=videos / entry["file"] if entry["file"] else None
    )


def _unlisted(path: Path) -> Video:
    made = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    return Video(path.stem, path.stem, "arcade", "CC0-1.0", made, "Licence: CC0-1.0", path)
