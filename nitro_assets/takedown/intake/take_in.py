"""Requests as they come in, each with a clear answer, line by line: quarantined, known, not understood, or to wait.

Quarantine comes before any review: what is clear is quarantined at once, whatever stands beside it. What strangers send
is limited, since anybody may ask: requests a day for each of them, and videos under unverified quarantine in all. What
the lake holds they are not told. Many requests at once cost one look at the lake.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from nitro_assets.identity import block_key
from nitro_assets.lake.known import known
from nitro_assets.lake.ledger.ledger import New
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.encrypted_record import EncryptedRecord, write_record
from nitro_assets.takedown.intake.ask import Answer, Ask, LineAnswer, Reading, read_ask, unclear_lines
from nitro_assets.takedown.intake.migrate import migrate
from nitro_assets.takedown.intake.ownership import lapses
from nitro_assets.takedown.intake.reading import Item, Named
from nitro_assets.takedown.intake.targets import Targets
from nitro_assets.takedown.own_files import as_keys
from nitro_assets.takedown.quarantine import extend, lapse, taint
from nitro_assets.takedown.requests import Request, TakedownError, advance_all, find, new_id, requests

MOST_ADDRESSES = 100  # in one request of a stranger
DONE = ("scanned", "rebuilt", "reported")
NOT_HELD = "nothing we hold has this name; it is blocked from now on"
NONE_HELD = "nothing we hold has these names; they are blocked from now on"
Held = Mapping[str, frozenset[str]]


def source_key(lake: Lake, source: str) -> str:
    """The keyed hash by which the ledger knows who asked, or where, or in which words."""
    return block_key(lake.secret, f"source {source}")


def take_in(lake: Lake, settings: Settings, asks: Sequence[Ask]) -> list[Answer]:
    """Quarantine what can be, in one go, and answer each; a bad one stops no other."""
    migrate(lake, settings)
    desk = _Desk(lake, settings)
    readings = [desk.read(ask) for ask in asks]
    held = known(lake, frozenset[str]().union(*(reading.targets.keys(lake.secret) for reading in readings)))
    answers = [desk.answer(reading, held) for reading in readings]
    if desk.new:
        advance_all(lake, desk.new)
        taint(lake, desk.videos)
        _look_again(lake, desk)
    for name in desk.replaced:
        lapse(lake, settings, name)
    return answers


def _look_again(lake: Lake, desk: "_Desk") -> None:
    """Whoever wrote while the requests were read was not aware of them: what was written meanwhile is blocked too."""
    held = known(lake, frozenset[str]().union(*(targets.keys(lake.secret) for targets, _ in desk.taken.values())))
    for name, (targets, blocked) in desk.taken.items():
        videos, names = targets.blocked(lake.secret, held)
        if videos - blocked:
            extend(lake, name, videos, names)


class _Desk:
    """Answers asks one after another, each in sight of those before.

    `new` are the ledger entries to be written, `videos` and `taken` what they name, by video and by request; `replaced`
    are requests of which an edit has taken something back.
    """

    def __init__(self, lake: Lake, settings: Settings) -> None:
        self.lake, self.settings = lake, settings
        self.new: list[New] = []
        self.videos: dict[str, str] = {}
        self.taken: dict[str, tuple[Targets, frozenset[str]]] = {}
        self.replaced: list[str] = []
        known_ones = requests(lake)
        # A stranger's unverified request must not keep the owner from asking: it holds nothing but for whoever made it.
        self._holders = {(key, _holder(r)): (r.id, r.state) for r in known_ones if r.is_live for key in r.keys}
        self._sources: dict[str, list[Request]] = {}
        for r in known_ones:
            self._sources.setdefault(str(r.entries[0].body.get("source", "")), []).append(r)
        since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        unverified = [r for r in known_ones if r.last("verified") is None and r.origin != "upstream"]
        self._asked = [r.entries[0].body.get("by") for r in unverified if r.entries[0].at > since]
        strangers = [r for r in unverified if r.state == "quarantined" and "by" in r.entries[0].body]
        self._held = sum(len(r.block_keys) for r in strangers)

    def read(self, ask: Ask) -> Reading:
        """What the ask means; one that stands as it did when it was taken is only asked about again."""
        if any(r.entries[0].body.get("text") == self._text(ask) for r in self._own(ask)):
            return unclear_lines(ask)
        return read_ask(self.lake, self.settings, ask)

    def answer(self, reading: Reading, held: Held) -> Answer:
        """Raises nothing: whatever is wrong with the ask is its answer."""
        ask, own = reading.ask, self._own(reading.ask)
        if own and not (reading.found or reading.later):
            return _same(own[-1], reading)
        if not reading.found:
            return reading.nothing_taken()
        if ask.by and len(reading.found) > MOST_ADDRESSES:
            found = f"it names {len(reading.found)} addresses; allowed are {MOST_ADDRESSES} in one request."
            return Answer("malformed", f"not taken: {found}")
        reading.back = self._taken_back(reading, held, own)
        covered = {key for r in own if r.id not in reading.back for key in r.keys}
        new = {item: each for item, each in reading.found.items() if not self._block_keys(each, held) <= covered}
        if new:
            said = self._known(reading, new, held) or self._limited(ask, new, held) or self._take(reading, new, held)
        else:
            said = _same(own[-1], reading)
        if said.outcome != "waiting":
            self.replaced += sorted(reading.back)
        return said

    def _own(self, ask: Ask) -> list[Request]:
        """The requests that were made before from where this ask comes from."""
        return self._sources.get(source_key(self.lake, ask.source), []) if ask.source else []

    def _text(self, ask: Ask) -> str:
        return source_key(self.lake, repr([ask.source, ask.named, ask.texts]))

    def _block_keys(self, targets: Targets, held: Held) -> set[str]:
        videos, names = targets.blocked(self.lake.secret, held)
        return set(self.lake.block_keys([*videos, *names, *targets.channels]))

    def _taken_back(self, reading: Reading, held: Held, own: list[Request]) -> set[str]:
        """Unverified requests from the same place of which a clear edit takes something back: they are replaced."""
        if reading.unclear or reading.later:
            return set()
        named = self._block_keys(reading.targets, held)
        return {r.id for r in own if lapses(r) and not set(r.keys) <= named}

    def _holder_of(self, reading: Reading, targets: Targets, held: Held) -> tuple[str, str] | None:
        """The request, and its state, under which all of the targets are already."""
        own = source_key(self.lake, reading.ask.by) if reading.ask.by else ""
        keys = self._block_keys(targets, held)
        found = {self._holders.get((key, None)) or self._holders.get((key, own)) or ("", "") for key in keys}
        return None if {name for name, _ in found} & {"", *reading.back} else min(found)

    def _known(self, reading: Reading, new: Mapping[Item, Targets], held: Held) -> Answer | None:
        """The answer where all that is named is under one or more requests already."""
        holders = {self._holder_of(reading, each, held) for each in new.values()}
        if None in holders:
            return None
        name, state = sorted(holder for holder in holders if holder)[0]
        others = f" and {len(holders) - 1} more" if len(holders) > 1 else ""
        said = f"done already: erased under request {name}" if state in DONE else f"already under request {name}"
        return Answer("known", f"{said}{others}, which is {state}.", name, (*reading.unclear, *reading.later))

    def _limited(self, ask: Ask, new: Mapping[Item, Targets], held: Held) -> Answer | None:
        if not ask.by:
            return None
        most, all_videos = self.settings.unverified_requests, self.settings.unverified_videos
        if self._asked.count(source_key(self.lake, ask.by)) >= most:
            return Answer("waiting", f"more than {most} unverified requests a day; this one is taken up tomorrow.")
        if self._held + len(_whole(new).blocked(self.lake.secret, held)[0]) > all_videos:
            return Answer(
                "waiting",
                f"more than {all_videos} videos would be under unverified quarantine; this one waits until others are "
                "verified or have lapsed, or until a maintainer takes it up.",
            )
        return None

    def _take(self, reading: Reading, new: Mapping[Item, Targets], held: Held) -> Answer:
        name, ask, targets = new_id(), reading.ask, _whole(new)
        told = [
            *(self._line_answer(reading, item, each, held) for item, each in new.items()),
            *reading.unclear,
            *reading.later,
        ]
        videos, names = targets.blocked(self.lake.secret, held)
        record = EncryptedRecord(
            video_keys=tuple(sorted(videos | names)),
            addresses=tuple(item.text for item in new if not item.is_key),
            reason=ask.reason,
            contact=ask.contact,
            needles=tuple(sorted({each[0] for each in targets.names})),
        )
        write_record(self.lake, name, record)
        self._record(name, ask, targets, held)
        what = f"{len(videos)} video{'s' * (len(videos) != 1)}" + (" and the channel" if targets.channels else "")
        text = f"request {name}: {what} quarantined."
        if not ask.by and not targets.channels and not any(held.get(key) for key in targets.keys(self.lake.secret)):
            text = f"request {name}: {NOT_HELD if len(new) == 1 else NONE_HELD}."
        return Answer("quarantined", text, name, tuple(sorted(told, key=lambda each: each.line)))

    def _line_answer(self, reading: Reading, item: Item, targets: Targets, held: Held) -> LineAnswer:
        """What became of one item. Whether the lake holds it is for this machine's own user to know."""
        if holder := self._holder_of(reading, targets, held):
            return LineAnswer(item.line, item.shown, f"already under request {holder[0]}")
        is_held = targets.channels or any(held.get(key) for key in targets.keys(self.lake.secret))
        return LineAnswer(item.line, item.shown, "quarantined" if is_held or reading.ask.by else NOT_HELD)

    def _record(self, name: str, ask: Ask, targets: Targets, held: Held) -> None:
        """The ledger's entry to be, in the sight of the asks that follow."""
        videos, names = targets.blocked(self.lake.secret, held)
        body = {
            "videos": self.lake.block_keys(videos),
            "names": self.lake.block_keys(names),
            "channels": self.lake.block_keys(targets.channels),
            "named": ask.named,
            "origin": ask.origin,
            "asked": ask.asked.astimezone(UTC).isoformat(timespec="milliseconds"),
        }
        if ask.by:
            body["by"] = source_key(self.lake, ask.by)
            self._asked.append(body["by"])
            self._held += len(videos)
        if ask.source:
            body |= {"source": source_key(self.lake, ask.source), "text": self._text(ask)}
        self.new.append(("quarantined", name, body))
        self.taken[name] = (targets, videos)
        self.videos |= dict.fromkeys(videos, name)
        holder = str(body.get("by", ""))
        keys = self._block_keys(targets, held)
        self._holders |= {(key, holder): (name, "quarantined") for key in keys}


def _whole(found: Mapping[Item, Targets]) -> Targets:
    whole = Targets()
    for each in found.values():
        whole |= each
    return whole


def _same(request: Request, reading: Reading) -> Answer:
    said = f"this is request {request.id} already; it is {request.state}."
    return Answer("known", said, request.id, (*reading.unclear, *reading.later))


def _holder(request: Request) -> str | None:
    """Whom a request answers for: everybody once it is verified, before that only whoever made it."""
    return None if request.state != "quarantined" else str(request.entries[0].body.get("by", ""))


def ask_for(lake: Lake, settings: Settings, texts: Iterable[str], reason: str, named: Named = "video") -> Answer:
    """This machine's own user asks, who may name recordings by their paths.

    Raises `TakedownError` where it can't be taken.
    """
    texts = [as_keys(lake, settings, text) if named == "video" else text for text in texts]
    answer = take_in(lake, settings, [Ask(named, tuple(texts), reason)])[0]
    if answer.outcome != "quarantined":
        raise TakedownError(str(answer))
    return answer


def request(lake: Lake, settings: Settings, texts: Iterable[str], reason: str, named: Named = "video") -> Request:
    """As `ask_for`; the request that was made."""
    return find(lake, ask_for(lake, settings, texts, reason, named).request)
