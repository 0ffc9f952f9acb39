"""Files of the operator's own: recordings in a folder of the sources, and footage beside its labels.

A takedown takes out whatever came from them and never takes them in again. The file itself is its owner's: nitro only
ever reads it, and says that it is still there. Only this machine's own user may name a video by a path.
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from nitro_assets.lake.files.footage_files import footage_files
from nitro_assets.lake.store import Lake
from nitro_assets.recording import SCHEME, address_of, is_recording, key_of, path_of
from nitro_assets.settings import Settings
from nitro_assets.takedown.requests import TakedownError

STAYS = "nitro only reads them: they stay where they are, and are not taken in again; remove them yourself"
UNKNOWN = (
    "found no file at the path, and the index knows no recording of that path; needed is the path of one, the http(s) "
    "address of a page, or a 32-digit video key"
)


def own_files(lake: Lake, settings: Settings, video_keys: Collection[str]) -> list[tuple[str, str]]:
    """(what, why) of the videos' own files that stay, without their names."""
    keys = set(video_keys)
    mine = _recordings(lake, pl.col("video_key").is_in(keys))
    recordings = sum(os.path.exists(path_of(address)) for _, address in mine)
    footage = len({path for key, path in footage_files(lake, settings).items() if key in keys})
    found = [(recordings, "recordings in a folder of NITRO_SOURCES"), (footage, "files in footage/ of NITRO_NITROGEN")]
    return [(f"{count} {what}", STAYS) for count, what in found if count]


def as_keys(lake: Lake, settings: Settings, text: str) -> str:
    """The video key of a recording that is named by its path or `file://` address; any other text as it is.

    Two keys, a line each, where the file was overwritten since it was listed. Raises `TakedownError` for a path of
    nothing that is known.
    """
    path = _path(text)
    if path is None:
        return text
    found = [key for key, _ in _recordings(lake, pl.col("address") == address_of(path))]
    found += [key for key, file in footage_files(lake, settings).items() if os.path.realpath(file) == str(path)]
    if os.path.isfile(path) and not (found and path.is_relative_to(settings.nitrogen)):
        found.append(key_of(settings.secret, path))
    if not found:
        raise TakedownError(f"{UNKNOWN}.")
    return "\n".join(dict.fromkeys(found))


def _path(text: str) -> Path | None:
    if "://" in text and not is_recording(text):
        return None
    named = str(path_of(text)) if is_recording(text) else os.path.expanduser(text)
    if "\0" in named or not (os.path.isabs(named) or text.startswith(("./", "../")) or os.path.isfile(named)):
        return None
    return Path(os.path.realpath(named))


def _recordings(lake: Lake, which: pl.Expr) -> Iterator[tuple[str, str]]:
    """Keys and addresses of the index's recordings, blocked ones too."""
    rows = lake.stored("video_index").filter(pl.col("address").str.starts_with(SCHEME) & which)
    yield from rows.select("video_key", "address").unique().sort("video_key").collect().iter_rows()
