"""A request as someone made it, what its lines mean, and what it is answered."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from nitro_assets.fetch.guards.refusals import FetchError
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.reading import Item, Named, read
from nitro_assets.takedown.intake.targets import Targets, targets
from nitro_assets.takedown.requests import TakedownError

Origin = Literal["command", "inbox", "issue", "upstream"]
Outcome = Literal["quarantined", "known", "malformed", "waiting"]


@dataclass(frozen=True)
class Ask:
    """A request. `texts` hold addresses or keys, any number a line.

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
class LineAnswer:
    """What became of a line of a request. `name` is the address as it was understood.

    `unclear` ones are asked about, `later` ones are tried again by themselves.
    """

    line: int
    name: str
    what: str
    state: Literal["taken", "unclear", "later"] = "taken"

    def __str__(self) -> str:
        return f"line {self.line}{', ' if self.name else ''}{self.name}: {self.what}."


@dataclass(frozen=True)
class Answer:
    """What became of an ask. `waiting` ones may be asked again as they are; `request` is the one that stands for it."""

    outcome: Outcome
    text: str
    request: str = ""
    lines: tuple[LineAnswer, ...] = ()

    @property
    def unclear(self) -> tuple[LineAnswer, ...]:
        """The lines to ask about."""
        return tuple(each for each in self.lines if each.state == "unclear")

    @property
    def is_whole(self) -> bool:
        """Whether nothing has to be looked at again by itself."""
        return self.outcome != "waiting" and all(each.state != "later" for each in self.lines)

    def __str__(self) -> str:
        """The answer with all its lines."""
        return "\n".join([self.text, *(f"- {each}" for each in self.lines)])


@dataclass
class Reading:
    """What the lines of an ask mean: targets, lines to ask about, and lines whose page can't be read now.

    `back`: earlier requests of which it takes something back.
    """

    ask: Ask
    found: dict[Item, Targets] = field(default_factory=dict)
    unclear: list[LineAnswer] = field(default_factory=list)
    later: list[LineAnswer] = field(default_factory=list)
    back: set[str] = field(default_factory=set)

    @property
    def targets(self) -> Targets:
        """Everything that it names."""
        whole = Targets()
        for each in self.found.values():
            whole |= each
        return whole

    def nothing_taken(self) -> Answer:
        """The answer where no line is clear."""
        if self.later:
            said = f"what it names can't be read now ({self.later[0].what})"
            return Answer("waiting", f"{said}; it is tried again.", lines=(*self.unclear, *self.later))
        if not self.unclear:
            return Answer("malformed", "not taken: it names nothing; needed is the http(s) address of a page.")
        return Answer("malformed", f"not taken: {self.unclear[0].what}.", lines=tuple(self.unclear))


def read_ask(lake: Lake, settings: Settings, ask: Ask) -> Reading:
    """What each line means. A playlist or channel is fetched; whatever fails is told of its line alone."""
    reading = Reading(ask)
    try:
        items = read(ask.texts, ask.named)
    except TakedownError as error:
        reading.unclear.append(LineAnswer(1, "", _sentence(error), "unclear"))
        return reading
    for item in items:
        try:
            if item.problem:
                raise TakedownError(item.problem)
            reading.found[item] = targets(lake, settings, ask.named, item)
        except TakedownError as error:
            reading.unclear.append(LineAnswer(item.line, item.shown, _sentence(error), "unclear"))
        except FetchError as error:
            if error.again == "later":
                reading.later.append(LineAnswer(item.line, item.shown, _sentence(error), "later"))
            else:
                reading.unclear.append(LineAnswer(item.line, item.shown, _sentence(error), "unclear"))
    return reading


def unclear_lines(ask: Ask) -> Reading:
    """Only the lines to ask about; nothing is fetched."""
    problems = [LineAnswer(i.line, "", i.problem, "unclear") for i in read(ask.texts, ask.named) if i.problem]
    return Reading(ask, unclear=problems)


def _sentence(error: Exception) -> str:
    return str(error).rstrip(".")
