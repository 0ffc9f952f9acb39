"""Requests as they come in, each with a clear answer: quarantined, known already, not understood, or to wait.

Quarantine comes before any review. What strangers send is limited, since anybody may ask: requests a day for each of
them, and videos under unverified quarantine in all. Many requests at once cost one look at the lake.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from nitro_assets.identity import block_key
from nitro_assets.lake.ledger import New
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.naming import Named, Targets, targets
from nitro_assets.takedown.quarantine import taint
from nitro_assets.takedown.requests import Request, TakedownError, advance_all, find, new_id, requests
from nitro_assets.takedown.sealed import Sealed, seal

Origin = Literal["command", "inbox", "issue", "upstream"]
MOST_ADDRESSES = 100  # in one request of a stranger


@dataclass(frozen=True)
class Ask:
    """A request as someone made it. `texts` are addresses or keys.

    `by` is who asked and `source` where (an issue), in any form: only their keyed hashes are kept. Whoever has no `by`
    is this machine's own user, and not limited.
    """

    named: Named
    texts: tuple[str, ...]
    reason: str = ""
    contact: str = ""
    origin: Origin = "command"
    by: str = ""
    source: str = ""
    asked: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Answer:
    """What became of an ask. `waiting` ones may be asked again as they are; `request` is the one that stands for it."""

    outcome: Literal["quarantined", "known", "malformed", "waiting"]
    text: str
    request: str = ""


def source_key(lake: Lake, source: str) -> str:
    """The keyed hash by which the ledger knows who asked, or where."""
    return block_key(lake.secret, f"source {source}")


def take_in(lake: Lake, settings: Settings, asks: Sequence[Ask]) -> list[Answer]:
    """Quarantine what can be, in one go, and answer each; a bad one stops no other."""
    desk = _Desk(lake, settings)
    answers = [desk.answer(ask) for ask in asks]
    if desk.new:
        advance_all(lake, desk.new)
        taint(lake, desk.videos)
    return answers


class _Desk:
    """Answers asks one after another, each in sight of those before; `new` are the ledger entries to be written."""

    def __init__(self, lake: Lake, settings: Settings) -> None:
        self.lake, self.settings = lake, settings
        self.new: list[New] = []
        self.videos: dict[str, str] = {}
        known = requests(lake)
        live = [r for r in known if r.is_live]
        # A stranger's unverified request must not keep the owner from asking: it holds nothing but for whoever made it.
        self._holders = {(key, _holder(r)): (r.id, r.state) for r in live for key in (*r.block_keys, *r.channels)}
        self._sources = {r.entries[0].body.get("source"): r for r in known}
        since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        unverified = [r for r in known if r.last("verified") is None and r.origin != "upstream"]
        self._asked = [r.entries[0].body.get("by") for r in unverified if r.entries[0].at > since]
        strangers = [r for r in unverified if r.state == "quarantined" and "by" in r.entries[0].body]
        self._held = sum(len(r.block_keys) for r in strangers)

    def answer(self, ask: Ask) -> Answer:
        from nitro_assets.fetch.refusals import FetchError

        source = source_key(self.lake, ask.source) if ask.source else ""
        if source and (request := self._sources.get(source)):
            return Answer("known", f"this is request {request.id} already; it is {request.state}.", request.id)
        try:
            named = self._targets(ask)
        except TakedownError as error:
            return Answer("malformed", f"not taken: {error}")
        except FetchError as error:
            if error.again == "later":
                return Answer("waiting", f"what it names can't be read now ({error}) It is tried again.")
            return Answer("malformed", f"not taken: {error}")
        return self._known(ask, named) or self._limited(ask, named) or self._take(ask, named, source)

    def _targets(self, ask: Ask) -> Targets:
        texts = [text for text in dict.fromkeys(t.strip() for t in ask.texts) if text]
        if not texts:
            raise TakedownError("it names nothing; needed is the address of a video, playlist or channel.")
        if ask.by and len(texts) > MOST_ADDRESSES:
            raise TakedownError(f"it names {len(texts)} addresses; allowed are {MOST_ADDRESSES} in one request.")
        named = Targets()
        for text in texts:
            named |= targets(self.lake, self.settings, ask.named, text)
        return named

    def _known(self, ask: Ask, named: Targets) -> Answer | None:
        """The answer where all that is named is under one or more requests already."""
        keys = self.lake.block_keys([*named.videos, *named.channels])
        own = source_key(self.lake, ask.by) if ask.by else ""
        holders = {self._holders.get((key, None)) or self._holders.get((key, own)) for key in keys}
        if None in holders:
            return None
        name, state = sorted(holder for holder in holders if holder)[0]
        others = f" and {len(holders) - 1} more" if len(holders) > 1 else ""
        if state in ("scanned", "rebuilt", "reported"):
            return Answer("known", f"done already: erased under request {name}{others}, which is {state}.", name)
        return Answer("known", f"already under request {name}{others}, which is {state}.", name)

    def _limited(self, ask: Ask, named: Targets) -> Answer | None:
        if not ask.by:
            return None
        most, all_videos = self.settings.unverified_requests, self.settings.unverified_videos
        if self._asked.count(source_key(self.lake, ask.by)) >= most:
            return Answer("waiting", f"more than {most} unverified requests a day; this one is taken up tomorrow.")
        if self._held + len(named.videos) > all_videos:
            return Answer(
                "waiting",
                f"more than {all_videos} videos would be under unverified quarantine; this one waits until others are "
                "verified or have lapsed, or until a maintainer takes it up.",
            )
        return None

    def _take(self, ask: Ask, named: Targets, source: str) -> Answer:
        name = new_id()
        seal(
            self.lake,
            name,
            Sealed(
                video_keys=tuple(sorted(named.videos)),
                addresses=tuple(text.strip() for text in ask.texts if "://" in text),
                reason=ask.reason,
                contact=ask.contact,
                needles=tuple(sorted(named.names)),
            ),
        )
        body = {
            "videos": self.lake.block_keys(named.videos),
            "channels": self.lake.block_keys(named.channels),
            "named": ask.named,
            "origin": ask.origin,
            "asked": ask.asked.astimezone(UTC).isoformat(timespec="milliseconds"),
        }
        if ask.by:
            body["by"] = source_key(self.lake, ask.by)
            self._asked.append(body["by"])
            self._held += len(named.videos)
        if source:
            body["source"] = source
        self.new.append(("quarantined", name, body))
        self.videos |= dict.fromkeys(named.videos, name)
        held = [(key, str(body.get("by", ""))) for key in (*body["videos"], *body["channels"])]
        self._holders |= dict.fromkeys(held, (name, "quarantined"))
        count = len(named.videos)
        what = f"{count} video{'s' * (count != 1)}" + (" and the channel" if named.channels else "")
        return Answer("quarantined", f"request {name}: {what} quarantined.", name)


def _holder(request: Request) -> str | None:
    """Whom a request answers for: everybody once it is verified, before that only whoever made it."""
    return None if request.state != "quarantined" else str(request.entries[0].body.get("by", ""))


def request(lake: Lake, settings: Settings, texts: Iterable[str], reason: str, named: Named = "video") -> Request:
    """This machine's own user asks. Raises `TakedownError` where it can't be taken."""
    answer = take_in(lake, settings, [Ask(named, tuple(texts), reason)])[0]
    if answer.outcome != "quarantined":
        raise TakedownError(answer.text)
    return find(lake, answer.request)
