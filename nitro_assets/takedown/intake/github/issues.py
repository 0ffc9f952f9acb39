"""Requests from the issues of a repository, and their answers: what became of each stands where it was asked.

An issue counts when it has the label `takedown`, as the form gives it. Quarantine comes first, answers after. Both may
be done again at any time: the ledger knows an issue's keyed hash, and an answer carries a mark by which it is found. An
edited issue is read again; what it names besides becomes a request of its own. Of an issue's text nothing is repeated
but its addresses, as they were understood, and these only until its requests have ended.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from nitro_assets.identity import understood
from nitro_assets.lake.store import Lake
from nitro_assets.log import in_a_line
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.ask import Answer, Ask, LineAnswer
from nitro_assets.takedown.intake.github.api import LONGEST_WAIT, Comment, GithubError, Issue, Repository
from nitro_assets.takedown.intake.github.cursor import START, Cursor
from nitro_assets.takedown.intake.ownership import expires, token_of
from nitro_assets.takedown.intake.polls import receive
from nitro_assets.takedown.intake.reading import SHOWN, Named, names_an_address
from nitro_assets.takedown.intake.take_in import source_key
from nitro_assets.takedown.report import is_final, read_reports
from nitro_assets.takedown.requests import Request, requests

LABEL = "takedown"
OVERLAP = timedelta(seconds=5)  # GitHub's times are whole seconds, and its index lags
KINDS: dict[str, Named] = {"a video": "video", "a playlist": "playlist", "a whole channel": "channel"}
FIELDS = {
    "what should be taken out?": "kind",
    "addresses": "addresses",
    "reason (optional)": "reason",
    "contact (optional)": "contact",
}
NOTHING = "_no response_"
HELP = (
    "Please correct the issue's text as the form has it (What should be taken out? Addresses, one a line): it is read "
    "again. If an address is to stay private, say so in a comment: a maintainer will get in touch."
)
NAMED, NAMED_END = "<!-- named -->", "<!-- end -->"
REDACTED = "The addresses that stood here were removed: the request has ended."


@dataclass(frozen=True)
class Polled:
    """`cursor` is where the next poll goes on; `quarantined` and `answered` count issues; `trouble` is what failed."""

    cursor: str
    quarantined: int
    answered: int
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """One answer to an issue. It is given once for each `mark`; `close` is the reason to close it with, if any."""

    mark: str
    text: str
    close: str = ""


def poll(lake: Lake, settings: Settings, cursor: str | None) -> Polled:
    """Take in the issues that are new or were changed, and answer every issue whose request went on.

    What can't be done is told in `trouble`, and is in nobody's way: an issue that can't be read, an answer that is
    refused. What may pass is done by a later poll.
    """
    seen, start = Cursor.read(cursor), datetime.now(UTC)
    if start < seen.not_before <= start + LONGEST_WAIT:
        return Polled(seen.model_dump_json(), 0, 0, (f"GitHub asks for no call before {seen.not_before:%H:%M} UTC.",))
    repository, since = Repository(settings), seen.start(_head(lake))
    read = _Read()
    try:
        for issue in repository.issues(LABEL, since):
            read.add(settings, issue)
        read.whole = True
    except GithubError as error:
        read.failed("the list of issues", error)
    if repository.unread:
        read.trouble.append(f"{repository.unread} issues can't be read.")
    answers = receive(lake, settings, list(read.asks.values()))
    head, by_source = _head(lake), dict[str, list[Request]]()
    for request in requests(lake):
        by_source.setdefault(str(request.entries[0].body.get("source")), []).append(request)
    everything = read.whole and since == START
    given = {number: mark for number, mark in seen.given.items() if number in read.asks or not everything}
    answered = 0
    for issue, answer in zip(read.issues, answers, strict=True):
        if read.busy_until or repository.is_over:
            read.owed = True
            break
        try:
            own = by_source.get(source_key(lake, _source(settings, issue)), [])
            replies = _replies(lake, settings, issue, answer, own)
            marks = ", ".join(reply.mark for reply in replies)
            if replies and seen.given.get(issue.number) != marks:
                answered += _give(lake, settings, issue, replies)
            if replies:
                given[issue.number] = marks
        except GithubError as error:
            read.failed(f"the answer to issue {issue.number}", error)
        except Exception as error:  # ours: it must not keep the others from their answers
            read.trouble.append(f"the answer to issue {issue.number}: {in_a_line(error)}")
    owed = seen.owed or read.owed or not all(answer.is_whole for answer in answers)
    kept = Cursor(
        since=read.until(start, since, seen),
        ledger=head,
        waiting=owed and read.whole,
        owed=owed and not read.whole,
        given=given,
        not_before=read.busy_until or START,
    )
    quarantined = sum(answer.outcome == "quarantined" for answer in answers)
    return Polled(kept.model_dump_json(), quarantined, answered, tuple(read.trouble))


@dataclass
class _Read:
    """What one poll has read; `whole`: to the end. `owed`: something failed that may pass."""

    asks: dict[int, Ask] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    whole: bool = False
    owed: bool = False
    busy_until: datetime | None = None

    def add(self, settings: Settings, issue: Issue) -> None:
        if issue.number not in self.asks:
            self.asks[issue.number] = _ask(settings, issue)
            self.issues.append(issue)

    def failed(self, what: str, error: GithubError) -> None:
        self.trouble.append(f"{what}: {error}")
        self.owed |= error.passing
        self.busy_until = error.until or self.busy_until

    def until(self, start: datetime, since: datetime, seen: Cursor) -> datetime:
        """From when the next poll reads on; issues come by the time of their last change."""
        last = max((issue.updated_at for issue in self.issues), default=None)
        if not self.whole:
            return max(last or since, since)
        if last is None:
            return seen.since if seen.since > START else start - OVERLAP
        return min(start - OVERLAP, last + timedelta(seconds=1))


def _head(lake: Lake) -> str:
    return str(lake.ledger.entries()[-1].hash)


def read_form(body: str) -> dict[str, Any]:
    """The form's answers: kind, addresses, reason, contact. What isn't there, or isn't the form, is empty."""
    found: dict[str, Any] = {"kind": "", "addresses": [], "reason": "", "contact": ""}
    parts = re.split(r"^###[ \t]+(.+?)[ \t]*$", body[:50_000].replace("\r\n", "\n"), flags=re.MULTILINE)
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        name, text = FIELDS.get(title.strip().lower()), text.strip()
        if name and not found[name] and text.lower() != NOTHING:
            lines = [line.strip().lstrip("-* ").strip("<>") for line in text.splitlines()]
            found[name] = [line for line in lines if line] if name == "addresses" else text
    return found


def _ask(settings: Settings, issue: Issue) -> Ask:
    body = issue.body
    form = read_form(body)
    free = "### addresses" not in body.lower()  # written without the form: whatever lines hold an address
    lines = [line for line in body[:50_000].splitlines() if names_an_address(line)] if free else form["addresses"]
    return Ask(
        KINDS.get(form["kind"].lower(), "video"),
        tuple(lines),
        form["reason"][:2000],
        form["contact"][:200],
        "issue",
        f"github user {issue.author}",
        _source(settings, issue),
        issue.created_at.astimezone(UTC),
    )


def _source(settings: Settings, issue: Issue) -> str:
    return f"github {settings.github_repo.lower()}#{issue.number}"


def _replies(lake: Lake, settings: Settings, issue: Issue, answer: Answer, own: list[Request]) -> list[Reply]:
    """What the issue is told now: of each of its requests, and about the lines that were not understood."""
    if not own:
        return [_reply(issue, answer)]
    told = {request.id: reply for request in own if (reply := progress(lake, settings, request))}
    replies = [r if name == own[0].id else replace(r, mark=f"{r.mark} {name}") for name, r in told.items()]
    if len(told) == len(own) and all(reply.close for reply in replies):
        return replies
    replies = [replace(reply, close="") for reply in replies]  # the issue stays open for its other requests
    if answer.unclear:
        lines = "\n".join(f"- {_line(each)}" for each in answer.unclear)
        said = f"The rest was taken; these lines of the addresses were not understood:\n\n{lines}\n\n{HELP}"
        replies.append(Reply(f"unclear {_fingerprint(issue)}", said))
    return replies


def _line(answer: LineAnswer) -> str:
    """Addresses stand as code: they link to nobody."""
    return f"line {answer.line}: {f'`{answer.name}`: ' if answer.name else ''}{answer.what}."


def _fingerprint(issue: Issue) -> str:
    return hashlib.sha256(issue.body.encode()).hexdigest()[:16]


def _reply(issue: Issue, answer: Answer) -> Reply:
    """To an issue without a request of its own."""
    if answer.outcome == "known":
        return Reply(f"known {answer.request}", f"Nothing more is needed: {answer.text}", "completed")
    if answer.outcome == "waiting":
        return Reply("waiting", f"This was read, but {answer.text}")
    lines = "".join(f"\n- {_line(each)}" for each in answer.lines)
    text = f"Nothing was taken out yet: {answer.text.removeprefix('not taken: ')}{lines}\n\n{HELP}"
    return Reply(f"malformed {_fingerprint(issue)}", text)


def progress(lake: Lake, settings: Settings, request: Request) -> Reply | None:
    """What its issue is told about a request; None where there is nothing new to say."""
    if request.state == "quarantined":
        until = expires(settings, request).strftime("%Y-%m-%d %H:%M UTC")
        return Reply(
            "quarantined",
            f"Recorded as request {request.id}. {len(request.block_keys)} video(s) are in quarantine from now on: "
            f"nothing reads them, nothing takes them in.\n\n{_understood(request)}"
            "Only their owner can have them erased. To show that they are yours, put this line into the description "
            f"of each video named, or of the channel, until {until}:\n\n    {token_of(lake, request)}\n\n"
            "It is looked for by itself, and may be removed afterwards. Otherwise a maintainer can vouch for you. "
            "Without either, the quarantine ends then.",
        )
    if request.state == "verified":
        return Reply("verified", f"Request {request.id} is verified. Its erasure is now planned, approved and done.")
    if request.state == "reported":
        text = read_reports(lake, request.id)[-1]
        if is_final(request):
            text += "\nThis issue itself may still name the video; its text is yours to edit."
            return Reply("reported final", text, "completed")
        return Reply("reported", text)
    endings = {
        "lapsed": "has ended: it was not verified in time, or an edit took it back. You may ask again, in a new issue.",
        "refused": "was refused: the videos are not the requester's. The quarantine has ended.",
        "lifted": "was taken back; the videos may be used again.",
    }
    if request.state in endings:
        return Reply(request.state, f"Request {request.id} {endings[request.state]}", "not_planned")
    return None


def _understood(request: Request) -> str:
    """What the request names, as it was understood; it stands in the comment until the request has ended."""
    names = [understood(address).name for address in request.encrypted_record.addresses]
    lines = "".join(f"- `{name[:SHOWN]}`\n" for name in names)
    return f"{NAMED}\nThis is how the addresses were understood:\n\n{lines}{NAMED_END}\n\n" if names else ""


def _give(lake: Lake, settings: Settings, issue: Issue, replies: Sequence[Reply]) -> bool:
    """Comment, but for answers that were given before; then close, and take the addresses out of earlier comments."""
    comments, news = issue.get_comments() if replies else [], False
    named = _mark(lake, settings, issue, "named")
    for reply in replies:
        mark = _mark(lake, settings, issue, reply.mark)
        if not any(mark in comment.body for comment in comments):
            issue.create_comment(f"{reply.text.replace(NAMED, named)}\n\n{mark}")
            news = True
    if replies and all(reply.close for reply in replies):
        for comment in comments:
            if named in comment.body:
                _redact(comment, named)
        issue.edit(state="closed", state_reason=replies[-1].close)
    return news


def _redact(comment: Comment, named: str) -> None:
    try:
        comment.edit(re.sub(f"{named}.*?{NAMED_END}", REDACTED, comment.body, flags=re.DOTALL))
    except GithubError as error:  # such as for one that a maintainer has locked: the answer says what stays
        if error.passing:
            raise


def _mark(lake: Lake, settings: Settings, issue: Issue, what: str) -> str:
    """By which an answer of ours is found again, and nobody else's is taken for one."""
    text = f"answer\0{_source(settings, issue)}\0{what}".encode()
    return f"<!-- nitro {hmac.new(lake.secret, text, hashlib.sha256).hexdigest()[:24]} -->"
