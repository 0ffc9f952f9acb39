"""What a request's text names: every address and key in it, line by line, and the lines in which nothing was found.

The text comes from strangers, as a form, a mail or a chat leaves it: several addresses in a line, bullets, brackets,
Markdown, commas. A line that can't be read stands in no other line's way. Nothing is fetched.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from nitro_assets.address import plain_host
from nitro_assets.identity import understood
from nitro_assets.lake.text import KEY
from nitro_assets.takedown.requests import TakedownError

Named = Literal["video", "playlist", "channel"]
LONGEST = 2000  # characters of an address
SHOWN = 200  # characters of a name
_ENDS = r"\s<>\"`\\^{}|\[\]"
_ADDRESS = re.compile(rf"https?://(\[[0-9a-f:.]+\])?((?![,;]+https?://)[^{_ENDS}])+", re.IGNORECASE)
_WITHOUT_SCHEME = re.compile(rf"(?<![\w@/.-])([\w-]+\.)+[a-z]{{2,}}/[^{_ENDS}]+", re.IGNORECASE)
SHORT_LINKS = frozenset(
    {"bit.ly", "b23.tv", "buff.ly", "cutt.ly", "goo.gl", "is.gd", "ow.ly", "t.co", "tinyurl.com", "vm.tiktok.com"}
)
NO_ADDRESS = "found no address in it; needed is an http(s) address of a page, or a 32-digit video key"


@dataclass(frozen=True)
class Item:
    """One address or key, with the line it stands in and its `name` as understood; or a line with its `problem`."""

    line: int
    text: str = ""
    name: str = ""
    problem: str = ""

    @property
    def is_key(self) -> bool:
        return KEY.fullmatch(self.text) is not None

    @property
    def shown(self) -> str:
        """The name, as it may be shown to whoever asked."""
        return self.name if len(self.name) <= SHOWN else f"{self.name[:SHOWN]}..."


def read(texts: Sequence[str], named: Named) -> list[Item]:
    """Everything the texts name, each once. Raises `TakedownError` for another kind than video, playlist, channel."""
    if named not in get_args(Named):
        raise TakedownError(f"a takedown names a {', a '.join(get_args(Named))}; found something else.")
    lines = [line for text in texts for line in text.splitlines() or [""]]
    found = [item for number, line in enumerate(lines, 1) if line.strip() for item in _line(number, line, named)]
    once = {item.name or (item.line, item.problem): item for item in reversed(found)}
    return list(reversed(once.values()))


def names_an_address(line: str) -> bool:
    """Whether there is an address or a key in it."""
    return bool(_addresses(line))


def _line(number: int, line: str, named: Named) -> Iterator[Item]:
    texts = _addresses(line)
    yield from (_item(number, text, named) for text in texts)
    if not texts:
        yield Item(number, problem=NO_ADDRESS)


def _addresses(line: str) -> list[str]:
    line = line.replace("&amp;", "&")
    whole = [match[0] for match in _ADDRESS.finditer(line)]
    rest = _ADDRESS.sub(" ", line)
    bare = [f"https://{match[0]}" for match in _WITHOUT_SCHEME.finditer(rest)]
    return [_without_end(text) for text in (*whole, *bare)] + KEY.findall(_WITHOUT_SCHEME.sub(" ", rest))


def _without_end(address: str) -> str:
    """Without the punctuation of the sentence around it."""
    while address[-1] in ".,;:!?'*_" or (address[-1] == ")" and address.count("(") < address.count(")")):
        address = address[:-1]
    return address


def _item(number: int, text: str, named: Named) -> Item:
    if KEY.fullmatch(text):
        return Item(number, text, f"key {text}") if named != "playlist" else Item(number, problem=_NO_KEY)
    if len(text) > LONGEST or not text.isprintable() or "__youtubedl_smuggle" in text:
        return Item(number, problem=f"found an address of over {LONGEST} characters, or one that isn't plain text")
    try:
        parts, found = urlsplit(text), understood(text)
    except ValueError:
        return Item(number, problem=NO_ADDRESS)
    if not parts.path.strip("/") and not parts.query:
        return Item(number, problem="found the address of a whole site; needed is that of a page")
    if plain_host(parts.hostname or "") in SHORT_LINKS:
        return Item(number, problem="found a short link, which hides where it leads; needed is the address it leads to")
    if named == "video" and found.is_list:
        return Item(number, problem=_A_LIST)
    return Item(number, text, found.name)


_NO_KEY = "a playlist has no key; needed is its address, or those of its videos"
_A_LIST = (
    "found a playlist or a channel, not one video; ask for it as a playlist or as a channel, in a request of its own, "
    "or name its videos"
)
