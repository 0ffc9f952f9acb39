"""`NITRO_SOURCES`: a YAML file of addresses, searches and folders, each with game and licence; anything else is refused
by line.

sources:
  - url: https://...            # a video, playlist, channel or feed: whatever yt-dlp takes
    game: pong                  # optional where the page says it
    licence: CC-BY-4.0          # optional, else what the page says
    limit: 100                  # optional: the most videos to keep; what is refused or known already doesn't count
  - search: "ytsearch50: hollow knight walkthrough no commentary"
    game: hollow knight
  - folder: ~/recordings        # one's own videos, read where they lie
    game: hollow knight
    licence: own
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from nitro_assets.fetch.guards.refusals import Again

WHERE = ("url", "search", "folder")
KEYS = (*WHERE, "game", "licence", "limit")
SEARCH = re.compile(r"[a-z0-9:.]*search[a-z]*([0-9]{1,5}|all)?:.+")
MOST = 100_000  # videos of one source


class SourcesError(ValueError):
    """The file as a whole can't be used; the message names it, the line, what was found and what is allowed."""


@dataclass(frozen=True)
class Source:
    """One entry. Exactly one of `WHERE` is set; `name` is the file and line, for messages; `folder` is absolute."""

    name: str
    url: str | None = None
    search: str | None = None
    folder: str | None = None
    game: str | None = None
    licence: str | None = None
    limit: int | None = None

    @property
    def ytdlp_url(self) -> str:
        """What yt-dlp is given as URL: an address, or a search."""
        return self.url or self.search or ""


@dataclass(frozen=True)
class Reject:
    """One thing left out; its text holds no address, id or title.

    item: the sources file and line, with `{video}` where a video has to be named; message: what was found, what is
    allowed, and the mend; video: (extractor, id, url) as far as known; again: when it is looked at again.
    """

    item: str
    message: str
    video: tuple[str | None, str | None, str] | None = None
    again: Again = "changed"


def load(path: Path) -> list[Source | Reject]:
    """Every entry, in order: a `Source`, or a `Reject` of its own. Raises `SourcesError` for an unusable file."""
    try:
        document = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise SourcesError(f"{path.name}: can't be read ({type(error).__name__}); needed is a YAML file.") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or type(error).__name__
        raise SourcesError(f"{path.name}{where}: not valid YAML ({problem}); correct it there.") from error
    if not isinstance(document, yaml.MappingNode):
        raise SourcesError(f"{path.name}: found no mapping; allowed is `sources:` and a list under it.")
    entries: yaml.Node | None = None
    rejects: list[Source | Reject] = []
    for key, value in document.value:
        if key.value == "sources" and entries is None:
            entries = value
        else:
            message = f"found {_shown(key)}; allowed at the top is one `sources`. Remove it."
            rejects.append(Reject(_at(path, key), message))
    if not isinstance(entries, yaml.SequenceNode):
        found = ", ".join(f"{_shown(key)} in line {_line(key)}" for key, _ in document.value) or "nothing"
        raise SourcesError(f"{path.name}: found {found}; needed is `sources:` and a list under it.")
    return rejects + [_entry(path, node) for node in entries.value]


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _at(path: Path, node: yaml.Node) -> str:
    return f"{path.name} line {_line(node)}"


def _shown(node: yaml.Node) -> str:
    """A key as found; what isn't a plain word could be an address, and isn't shown."""
    value = node.value if isinstance(node, yaml.ScalarNode) else None
    return f"{value!r}" if value is not None and re.fullmatch(r"[\w-]{1,30}", value) else "something that is no key"


def _entry(path: Path, node: yaml.Node) -> Source | Reject:
    if not isinstance(node, yaml.MappingNode):
        return Reject(_at(path, node), f"found no mapping; allowed is a mapping of {', '.join(KEYS)}.")
    fields: dict[str, str | int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value not in KEYS:
            return Reject(_at(path, key), f"found the key {_shown(key)}; allowed are {', '.join(KEYS)}.")
        if key.value in fields:
            return Reject(_at(path, key), f"found {key.value} a second time; keep one.")
        if problem := _problem(key.value, value):
            return Reject(_at(path, value), f"{key.value}: {problem}")
        fields[key.value] = int(value.value) if key.value == "limit" else value.value.strip()
    where = [key for key in WHERE if key in fields]
    if len(where) != 1:
        found = f"both {' and '.join(where)}" if where else f"neither {' nor '.join(WHERE)}"
        return Reject(_at(path, node), f"found {found}; needed is exactly one of them.")
    if "folder" in fields:
        fields["folder"] = os.path.expanduser(str(fields["folder"]))
    return Source(name=_at(path, node), **fields)  # type: ignore[arg-type]


def _problem(key: str, node: yaml.Node) -> str | None:
    """What is wrong with a value, or None."""
    tag = node.tag.rsplit(":", 1)[-1]
    if key == "limit":
        digits = isinstance(node, yaml.ScalarNode) and re.fullmatch(r"[0-9]{1,6}", node.value)
        fine = tag == "int" and digits and 1 <= int(node.value) <= MOST
        return None if fine else f"found {_shown(node)}; allowed is a whole number from 1 to {MOST}."
    if tag != "str" or not node.value.strip() or not node.value.strip().isprintable():
        return f"found a value of type {tag}; allowed is text, not empty. Put it in quotes."
    if key == "search" and not SEARCH.fullmatch(node.value):
        return 'allowed is a yt-dlp search such as "ytsearch50: words".'
    if key == "folder" and not os.path.isabs(os.path.expanduser(node.value.strip())):
        return "found something else than an absolute path; allowed is one such as /data/recordings or ~/recordings."
    return _address_problem(node.value.strip()) if key == "url" else None


def _address_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return "found a malformed address; allowed is http:// or https:// and a host."
    if parts.scheme in ("http", "https") and host:
        return None
    found = f"{parts.scheme}://" if parts.scheme else "no scheme"
    return f"found {found}; allowed is http:// or https:// and a host."
