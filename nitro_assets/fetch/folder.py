"""A folder of one's own recordings as a source: each video file in it, read where it lies and never changed.

Only what lies in a `folder:` of the operator's own NITRO_SOURCES is opened, by the path at which it was listed and only
while it is what the index knows it for. That a page, feed or shard names a `file://` opens nothing.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from nitro_assets.fetch.guards.refusals import FetchError
from nitro_assets.fetch.listing import Found, Life
from nitro_assets.fetch.sources import Reject, Source, SourcesError, load
from nitro_assets.identity import RECORDING
from nitro_assets.recording import address_of, content_id, content_key, key_of, path_of
from nitro_assets.settings import Settings
from nitro_ml.core.files.video_files import is_video
from nitro_ml.sandbox.video import Decoder
from nitro_ml.video.decode import VideoError

UNLISTED = "folders in it that can't be listed ({}); let this user read them, or move them elsewhere"
UNSEEN = "recordings that can't be looked at; let this user search their folder"
LINKS = "symbolic links; they aren't followed. Name the folder they lead to as a source of its own"
CLOSED = "found a recording that can't be opened ({}); let this user read it, or remove it"


def list_folder(
    source: Source, settings: Settings, taken: Callable[[Found], bool] = lambda found: True
) -> Iterator[Found | Reject]:
    """The recordings of a folder and of those in it, in the order of their paths, until as many were `taken` as the
    source's limit allows. What is hidden, and what nitro itself keeps there, is left out."""
    root = _real(source.folder or "")
    if problem := _problem(root, settings):
        yield Reject(source.name, problem, again="later")
        return
    count, told = 0, Counter[str]()
    with Decoder() as decoder:
        for path in _videos(root, _own_places(settings), told):
            found = _found(source, path, decoder, settings)
            count += isinstance(found, Found) and taken(found)
            yield found
            if count == source.limit:
                break
    yield from (Reject(source.name, f"found {number} {what}.", again="later") for what, number in told.items())


@contextmanager
def opened(address: str, video_key: str, settings: Settings) -> Iterator[Path]:
    """The recording at an address of the index, as `anonymous` gives it. Raises `FetchError` where it is gone."""
    with anonymous(_checked(address, video_key, settings), video_key) as file:
        yield file


@contextmanager
def anonymous(path: Path, video_key: str) -> Iterator[Path]:
    """The file under a name that says nothing, by which errors may call it: a link, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="nitro-video-") as folder:
        link = Path(folder, video_key, f"recording{path.suffix.lower()}")  # a takedown finds its key, if this is killed
        link.parent.mkdir()
        link.symlink_to(path.absolute())
        yield link


def alive(address: str, video_key: str, settings: Settings) -> Life:
    """Whether the recording is where it was listed and what it was; "unknown" where no source names its folder."""
    try:
        _checked(address, video_key, settings)
    except FetchError as error:
        return "gone" if error.reason == "missing" else "unknown"
    return "alive"


def home(address: str, settings: Settings) -> str:
    """The address of the folder of the sources that the recording lies in; its own folder's where there is none."""
    path = path_of(address)
    return address_of(next((folder for folder in _folders(settings) if path.is_relative_to(folder)), path.parent))


def answers(folder: str) -> bool:
    """Whether there is anything in a folder: an empty one may be a disk that isn't there."""
    try:
        with os.scandir(path_of(folder)) as inside:
            return next(inside, None) is not None
    except OSError:
        return False


def _checked(address: str, video_key: str, settings: Settings) -> Path:
    """The path of the recording. Raises `FetchError`."""
    path = path_of(address)
    within = any(path.is_relative_to(folder) for folder in _folders(settings))
    if not within or _real(path) != path:
        raise FetchError("refused", "the recording lies in no folder that NITRO_SOURCES names; add the folder to it.")
    again = "make `video_index` again"
    if not os.path.isfile(path):
        raise FetchError("missing", f"the recording is not where it was; put it back there, or {again}.")
    try:
        if key_of(settings.secret, path) == video_key:
            return path
    except OSError as error:
        raise FetchError("denied", f"{CLOSED.format(type(error).__name__)}.") from None
    raise FetchError("missing", f"the recording's file has become another video since it was listed; {again}.")


def _folders(settings: Settings) -> tuple[Path, ...]:
    """The folders that the sources name."""
    try:
        stat = settings.sources.stat() if settings.sources else None
        return _read(settings.sources, stat.st_mtime_ns, stat.st_size) if settings.sources and stat else ()
    except (OSError, SourcesError):
        return ()


@lru_cache(4)
def _read(sources: Path, changed: int, size: int) -> tuple[Path, ...]:
    entries = [entry for entry in load(sources) if isinstance(entry, Source)]
    return tuple(_real(entry.folder) for entry in entries if entry.folder)


def _real(path: str | Path) -> Path:
    """The path without links, wherever they are in it."""
    return Path(os.path.realpath(path))


def _own_places(settings: Settings) -> list[Path]:
    """Where nitro writes and erases, so that no recording may lie there."""
    lake = [] if "://" in settings.lake else [Path(settings.lake)]
    return [*lake, settings.cache_folder, settings.downloads, settings.training, settings.exports, settings.inbox]


def _problem(root: Path, settings: Settings) -> str | None:
    if not os.path.isdir(root):
        found = "a file" if os.path.exists(root) else "nothing that this user may see"
        return f"folder: found {found} at this path; allowed is a folder. Correct it, or connect its disk."
    if any(root.is_relative_to(place) for place in _own_places(settings)):
        return "folder: it lies where nitro keeps its own files (NITRO_LAKE, NITRO_CACHE, ...); move it elsewhere."
    return None


def _videos(root: Path, own: list[Path], told: Counter[str]) -> Iterator[Path]:
    """The plain files under a folder that are called like videos; what else there is to say is counted in `told`."""

    def unlisted(error: OSError) -> None:
        told[UNLISTED.format(type(error).__name__)] += 1

    for folder, folders, files in os.walk(root, onerror=unlisted):
        inside = {name: Path(folder, name) for name in sorted((*folders, *files)) if not name.startswith(".")}
        links = {n for n, path in inside.items() if os.path.islink(path) and (is_video(path) or os.path.isdir(path))}
        folders[:] = [name for name in inside if name in folders and name not in links and inside[name] not in own]
        if links:
            told[LINKS] += len(links)
        for path in (inside[n] for n in sorted(files) if n in inside and n not in links and is_video(inside[n])):
            if os.path.isfile(path):
                yield path
            elif not os.path.lexists(path):
                told[UNSEEN] += 1


def _found(source: Source, path: Path, decoder: Decoder, settings: Settings) -> Found | Reject:
    """What the file says. Its name is nothing but a part of its address: many recordings are called the same."""
    try:
        content = content_id(path)
    except OSError as error:
        return Reject(source.name, f"{CLOSED.format(type(error).__name__)}.", again="later")
    info, unreadable = None, None
    try:
        with anonymous(path, content_key(settings.secret, content)) as file:
            info = decoder.probe(file)
    except VideoError as error:
        unreadable = str(error)
    return Found(
        title=None,
        description=path.stem,
        game=source.game,
        licence=source.licence,
        duration=(info and info.duration) or None,
        height=info.height if info else None,
        fps=(info and info.fps) or None,
        live=False,
        age_limit=None,
        extractor=RECORDING,
        id=content,
        url=address_of(path),
        uploader=None,
        channel=None,
        published=None,
        width=info.width if info else None,
        picture=info.picture if info else None,
        own=True,
        unreadable=unreadable,
    )
