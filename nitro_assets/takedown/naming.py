"""What a request names: videos, the videos of a playlist, or a channel with all its videos, of now and of later.

The texts come from strangers. They are compared, hashed and fetched behind the guard; no message repeats them.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

import polars as pl

from nitro_assets.identity import channel_key, name_of, video_key
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.lookups import page
from nitro_assets.takedown.requests import TakedownError

Named = Literal["video", "playlist", "channel"]
KEY = re.compile(r"[0-9a-f]{32}")
ADDRESS = re.compile(r"https?://[^\s/]+/\S+")
LONGEST = 2000  # characters of an address


@dataclass(frozen=True)
class Targets:
    """Video keys, channel keys, and further texts that identify them: canonical names."""

    videos: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def __or__(self, other: "Targets") -> "Targets":
        return Targets(self.videos | other.videos, self.channels | other.channels, self.names | other.names)


def resolve(settings: Settings, video: str) -> str:
    """The video key of an address or a key; nothing is fetched. Raises `TakedownError` for anything else."""
    if KEY.fullmatch(video.strip()):
        return video.strip()
    return video_key(settings.secret, name_of(_address(video)))


def targets(lake: Lake, settings: Settings, named: Named, text: str) -> Targets:
    """What one address or key names. A playlist or channel given by its address is fetched.

    Raises `TakedownError` for what is neither, `FetchError` for what can't be fetched.
    """
    if named not in get_args(Named):
        raise TakedownError(f"a takedown names a {', a '.join(get_args(Named))}; found something else.")
    if named == "video":
        text = text.strip()
        names = set() if KEY.fullmatch(text) else {name_of(_address(text))}
        return Targets(frozenset({resolve(settings, text)}), names=frozenset(names))
    if KEY.fullmatch(text.strip()):
        if named == "playlist":
            raise TakedownError("a playlist has no key; name it by its address, or its videos by their keys.")
        return _known(lake, text.strip())
    return _listed(lake, settings, named, _address(text))


def _listed(lake: Lake, settings: Settings, named: Named, address: str) -> Targets:
    found = page(address, settings)
    keys = frozenset(video_key(settings.secret, name) for name in found.videos)
    listed = Targets(keys, names=frozenset(found.videos))
    if named == "playlist":
        return listed
    if found.channel is None:
        raise TakedownError("found videos of several channels, or of none, at the address; name it as a playlist.")
    return listed | _known(lake, channel_key(settings.secret, found.channel))


def _known(lake: Lake, channel: str) -> Targets:
    """A channel's videos in the index."""
    rows = lake.stored("video_index").filter(pl.col("channel_key") == channel).select("video_key").collect()
    return Targets(frozenset(rows["video_key"]), frozenset({channel}))


def _address(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST or not text.isprintable() or not ADDRESS.fullmatch(text) or "__youtubedl_smuggle" in text:
        raise TakedownError(
            "a takedown names a video by its http(s) address or its 32-digit video key; found something else."
        )
    return text
