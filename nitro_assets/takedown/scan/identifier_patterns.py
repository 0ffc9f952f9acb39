"""What the scanner looks for: a video's identifiers in every form in which they may have been written down.

Two ways to look. `Needles` knows the identifiers (given for one takedown, never kept) and finds all their forms.
`Tokens` knows none: it takes every video key and address it comes across and asks the blocklist, for ever.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote, quote_plus

import ahocorasick

from nitro_assets.identity import names_by, video_key
from nitro_assets.lake.ledger.blocklist import Blocklist

SHORTEST = 6
"""Characters. A shorter text would be found by chance anywhere; the scan says that it was not looked for."""


class Matcher(Protocol):
    """Looks into bytes, a stretch at a time; stretches overlap by `longest` bytes, and show `ahead` of the next."""

    longest: int
    ahead: int

    def find(self, data: bytes) -> set[str]:
        """What was found: which identifier in which form, never its value."""

    def redact(self, name: str) -> str:
        """A file's name as it may be reported."""


def forms(text: str) -> Iterator[tuple[str, bytes]]:
    """(form, bytes) of a text: plain, JSON, URL-encoded, UTF-16, and base64 at each of its three alignments."""
    plain = text.encode()
    yield "plain", plain
    yield "JSON", json.dumps(text)[1:-1].encode()
    yield "JSON", json.dumps(text)[1:-1].replace("/", "\\/").encode()
    for quoted in {quote(text, safe=""), quote(text), quote_plus(text), quote(quote(text, safe=""), safe="")}:
        yield "URL-encoded", quoted.encode()
        yield "URL-encoded", re.sub("%[0-9A-F]{2}", lambda m: m[0].lower(), quoted).encode()
    wide = {"UTF-16": text.encode("utf-16-le"), "UTF-16 big-endian": text.encode("utf-16-be")}
    yield from wide.items()
    for form, data in {"base64": plain, "base64 of UTF-16": wide["UTF-16"]}.items():
        for shift in range(3):
            # Of a text that starts `shift` bytes into a group only the characters that it alone decides are sure.
            coded = base64.b64encode(b"\0" * shift + data)
            sure = coded[(0, 2, 3)[shift] : (shift + len(data)) * 8 // 6]
            yield form, sure
            yield form, sure.translate(bytes.maketrans(b"+/", b"-_"))


class IdentifierPatterns:
    """Identifiers by their kind, such as {"address": [...], "id": [...], "title": [...], "video key": [...]}.

    Where one stands within a text of `others`, it is theirs and isn't found.
    """

    def __init__(self, identifiers: dict[str, Iterable[str]], others: Iterable[str] = ()) -> None:
        self._automaton = ahocorasick.Automaton()
        self.longest, self.too_short = 0, 0
        for kind, texts in identifiers.items():
            for text in set(texts):
                if len(text) < SHORTEST:
                    self.too_short += 1
                    continue
                for form, data in forms(text):
                    word = data.decode("latin-1")
                    if word not in self._automaton:
                        self._automaton.add_word(word, (f"{kind}, {form}", len(data)))
                    self.longest = max(self.longest, len(data))
        kept = {data.decode("latin-1") for text in others for _, data in forms(text)}
        for word in kept:
            if word not in self._automaton:
                self._automaton.add_word(word, ("", len(word)))
        self.ahead = max(map(len, kept), default=0)
        if self.longest:
            self._automaton.make_automaton()

    def _matches(self, data: bytes) -> list[tuple[int, int, str]]:
        """Start, end and label of each."""
        found = list(self._automaton.iter(data.decode("latin-1"))) if self.longest else []
        theirs = [(end + 1 - length, end + 1) for end, (label, length) in found if not label]
        mine = [(end + 1 - length, end + 1, label) for end, (label, length) in found if label]
        return [(a, b, label) for a, b, label in mine if not any(c <= a and b <= d for c, d in theirs)]

    def find(self, data: bytes) -> set[str]:
        return {label for _, _, label in self._matches(data)}

    def redact(self, name: str) -> str:
        data = name.encode()
        for start, end, _ in sorted(self._matches(data), reverse=True):
            data = data[:start] + b"[video]" + data[end:]
        return data.decode(errors="replace")


class Tokens:
    """Every 32-digit key and every address that turns up, asked of the blocklist."""

    longest, ahead = 512, 0
    _KEY = re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{32}(?![0-9A-Za-z])")
    _ADDRESS = re.compile(rb"https?://[\x21\x23-\x26\x28-\x3b\x3d\x3f-\x5b\x5d-\x7e]{4,400}")

    def __init__(self, blocklist: Blocklist, secret: bytes) -> None:
        @lru_cache(200_000)
        def blocked(key: str) -> bool:
            return key in blocklist

        @lru_cache(50_000)
        def named(address: str) -> bool:
            return any(blocked(video_key(secret, name)) for name in names_by(address))

        self._blocked, self._named = blocked, named

    def find(self, data: bytes) -> set[str]:
        found = set()
        if any(self._blocked(key.decode()) for key in set(self._KEY.findall(data))):
            found.add("video key, plain")
        if any(self._named(address.decode()) for address in set(self._ADDRESS.findall(data))):
            found.add("address, plain")
        return found

    def redact(self, name: str) -> str:
        return self._KEY.sub(lambda m: b"[video]" if self._blocked(m[0].decode()) else m[0], name.encode()).decode()
