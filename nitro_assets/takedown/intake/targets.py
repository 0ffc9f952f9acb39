"""Which videos an item of a request means: one video, the videos of a playlist, or a channel's, of now and of later.

Addresses are compared, hashed and fetched behind the guard; no message repeats them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from nitro_assets.identity import Names, channel_key, names_by, video_key
from nitro_assets.lake.known import known
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.lookups import page
from nitro_assets.takedown.intake.reading import NO_ADDRESS, Item, Named, read
from nitro_assets.takedown.own_files import as_keys
from nitro_assets.takedown.requests import Request, TakedownError


@dataclass(frozen=True)
class Targets:
    """Video keys, channel keys, and videos by all their names, the canonical one first."""

    videos: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    names: frozenset[Names] = frozenset()

    def __or__(self, other: "Targets") -> "Targets":
        return Targets(self.videos | other.videos, self.channels | other.channels, self.names | other.names)

    def keys(self, secret: bytes) -> frozenset[str]:
        """Under which keys the videos may be known."""
        return self.videos | {video_key(secret, name) for names in self.names for name in names}

    def blocked(self, secret: bytes, held: Mapping[str, frozenset[str]]) -> tuple[frozenset[str], frozenset[str]]:
        """The videos to be blocked, and keys of names.

        A video that the lake holds by another of its names is blocked as it is held, and by its canonical name too, by
        which it may come again. Of a key that is no video's own (lake/known.py) its videos are.
        """
        videos, names = set(self.videos), set[str]()
        for each in self.names:
            own = video_key(secret, each[0])
            mine = {video for name in each for video in held.get(video_key(secret, name), ())}
            videos |= mine or {own}
            names |= {own} - mine if mine else set()
        return frozenset(videos), frozenset(names)


def resolve(settings: Settings, video: str) -> str:
    """The video key of an address or a key. Raises `TakedownError` for anything else."""
    found = _one(video)
    return found.text if found.is_key else video_key(settings.secret, found.name)


def held_as(lake: Lake, settings: Settings, video: str) -> str:
    """As `resolve`, by the key under which the lake has the video: it may know it by another of its names, or as a
    recording by its path."""
    video = as_keys(lake, settings, video).partition("\n")[0]
    found = _one(video)
    targets = _video(found)
    held = known(lake, targets.keys(lake.secret))
    return min((key for videos in held.values() for key in videos), default=resolve(settings, video))


def _one(video: str) -> Item:
    items = read([video], "video") or [Item(1, problem=NO_ADDRESS)]
    if len(items) > 1 or items[0].problem:
        raise TakedownError(f"{items[0].problem or 'found more than one address; needed is one'}.")
    return items[0]


def count_held(lake: Lake, asked: Sequence[Request]) -> dict[str, int | None]:
    """How many of each request's videos the lake holds, by its id; None once its identifiers are gone.

    For whoever runs the lake: strangers are not told.
    """
    keys = {r.id: r.video_keys for r in asked}
    held = known(lake, {key for mine in keys.values() for key in mine})
    return {
        name: len({video for key in mine for video in held.get(key, ())}) if mine else None
        for name, mine in keys.items()
    }


def targets(lake: Lake, settings: Settings, named: Named, item: Item) -> Targets:
    """What one item names. A playlist or channel given by its address is fetched.

    Raises `TakedownError` for a page of no one channel, `FetchError` for what can't be fetched.
    """
    if named == "video":
        return _video(item)
    return _channel(lake, item.text) if item.is_key else _listed(lake, settings, named, item.text)


def _video(item: Item) -> Targets:
    return Targets(frozenset({item.text})) if item.is_key else Targets(names=frozenset({names_by(item.text)}))


def _listed(lake: Lake, settings: Settings, named: Named, address: str) -> Targets:
    found = page(address, settings)
    listed = Targets(names=frozenset(found.videos))
    if named == "playlist":
        return listed
    if found.channel is None:
        raise TakedownError("found videos of several channels, or of none; ask for it as a playlist")
    return listed | _channel(lake, channel_key(settings.secret, found.channel))


def _channel(lake: Lake, channel: str) -> Targets:
    """A channel's videos in the index."""
    rows = lake.stored("video_index").filter(pl.col("channel_key") == channel).select("video_key").collect()
    return Targets(frozenset(rows["video_key"]), frozenset({channel}))
