"""GitHub's issues as a poll needs them: each is checked by itself, and every call is given up in seconds.

https://docs.github.com/en/rest/issues. What a call answers comes from strangers, what it does from a service that may
be slow, busy or changed: a call gives what it should or raises `GithubError`, by its time, whatever comes back.
"""

import json
import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import requests
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError

from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.github.cursor import START
from nitro_assets.takedown.intake.lookups import Lookups

CALL = 10.0
"""Seconds for one call, from its name's look-up to its last byte."""
POLL = 25.0
"""Seconds for all calls of one poll together."""
LONGEST = 60_000
"""Characters of a comment; GitHub takes 65,536 bytes of some of them."""
LONGEST_WAIT = timedelta(hours=1)
PAGE = 100
CUT = "\n\n(The rest is left out: it is too long for a comment. Whoever runs this pipeline has all of it.)"


class GithubError(RuntimeError):
    """A call that failed; the message holds nothing of an issue.

    `passing`: whether it may go by itself. `until`: when GitHub allows calls again, where it said that there were too
    many.
    """

    def __init__(self, message: str, passing: bool, until: datetime | None = None) -> None:
        super().__init__(message)
        self.passing, self.until = passing, until


def _id(user: Any) -> str:
    """Who wrote it. An account that was closed is nobody's, and all such count as one."""
    number = user.get("id") if isinstance(user, Mapping) else None
    return str(number) if isinstance(number, int) else "gone"


def _time(value: Any, otherwise: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else otherwise
    except ValueError:
        found = otherwise
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _body(text: Any) -> Any:
    return text.encode(errors="replace").decode() if isinstance(text, str) else "" if text is None else text


class Comment(BaseModel):
    """A comment on an issue."""

    model_config = ConfigDict(strict=True)

    id: Annotated[int, BeforeValidator(_number)] = 0
    body: Annotated[str, BeforeValidator(_body)] = ""
    _repository: "Repository" = PrivateAttr()

    def edit(self, text: str) -> None:
        """Put another text in its place."""
        self._repository.call("PATCH", f"issues/comments/{self.id}", {"body": cut(text)})


class Issue(BaseModel):
    """An open issue. `author` is the number of the account, or `gone`; a time that can't be read decides nothing."""

    model_config = ConfigDict(strict=True)

    number: Annotated[int, Field(gt=0)]
    body: Annotated[str, BeforeValidator(_body)] = ""
    author: Annotated[str, BeforeValidator(_id), Field(validation_alias="user")] = "gone"
    created_at: Annotated[datetime, BeforeValidator(lambda value: _time(value, datetime.now(UTC)))]
    updated_at: Annotated[datetime, BeforeValidator(lambda value: _time(value, START))]
    pull_request: Any = None
    html_url: Any = ""
    _repository: "Repository" = PrivateAttr()

    def get_comments(self) -> list[Comment]:
        """All that can be read."""
        found = self._repository.pages(f"issues/{self.number}/comments", {})
        return [comment for each in found if (comment := _read(Comment, each, self._repository))]

    def create_comment(self, text: str) -> None:
        """Answer, with as much of the text as fits."""
        self._repository.call("POST", f"issues/{self.number}/comments", {"body": cut(text)})

    def edit(self, state: str, state_reason: str) -> None:
        """Close it, or open it again."""
        self._repository.call("PATCH", f"issues/{self.number}", {"state": state, "state_reason": state_reason})


@dataclass
class Repository:
    """The repository of the settings, for one poll. `unread`: issues that can't be read; `spent`: seconds on calls."""

    settings: Settings
    unread: int = 0
    spent: float = 0.0

    def __post_init__(self) -> None:
        self._session = requests.Session()
        self._session.auth = self._sign  # a header would give way to what ~/.netrc says
        self._session.headers["Accept"] = "application/vnd.github+json"
        self._session.max_redirects = 3
        self._calls = Lookups(threads=2)

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"token {self.settings.github_token.get_secret_value()}"
        return request

    @property
    def is_over(self) -> bool:
        """Whether there is no time for another call."""
        return self.spent >= POLL

    def issues(self, label: str, since: datetime) -> Iterator[Issue]:
        """Open issues with a label that were changed since then, the oldest change first. Raises `GithubError`."""
        asked = {"state": "open", "labels": label, "sort": "updated", "direction": "asc"}
        for each in self.pages("issues", {**asked, "since": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}):
            issue = _read(Issue, each, self)
            self.unread += issue is None
            if issue and issue.pull_request is None and "/pull/" not in str(issue.html_url):
                yield issue

    def pages(self, path: str, asked: Mapping[str, Any]) -> Iterator[Any]:
        """The items of a list, whatever they are. Raises `GithubError`."""
        number, more = 1, True
        while more:
            found, headers = self.call("GET", path, {**asked, "per_page": PAGE, "page": number})
            if not isinstance(found, list):
                raise GithubError("GitHub answered with something else than a list.", passing=True)
            yield from found
            number, more = number + 1, 'rel="next"' in headers.get("link", "") and bool(found)

    def call(self, method: str, path: str, said: Mapping[str, Any]) -> tuple[Any, Mapping[str, str]]:
        """The answer's JSON and headers. Raises `GithubError`."""
        url = f"{self.settings.github_api.rstrip('/')}/repos/{self.settings.github_repo}/{path}"
        carried: dict[str, Any] = {"params": said} if method == "GET" else {"json": said, "allow_redirects": False}
        if self.is_over:
            raise GithubError("GitHub took too long.", passing=True)
        began = time.monotonic()
        until = began + min(CALL, POLL - self.spent)
        try:
            answer = self._calls.answer(
                object(), lambda: self._session.request(method, url, timeout=CALL, **carried), until
            )
        except (TimeoutError, requests.RequestException) as error:
            raise GithubError(f"GitHub can't be reached ({type(error).__name__}).", passing=True) from None
        finally:
            self.spent += time.monotonic() - began
        return _checked(answer), answer.headers


def cut(text: str) -> str:
    """The text, or as much of its beginning as fits; the mark in its last line stays."""
    if len(text.encode()) <= LONGEST:
        return text
    body, _, mark = text.rpartition("\n\n")
    if not mark.startswith("<!--"):
        body, mark = text, ""
    room = LONGEST - len(CUT.encode()) - len(mark.encode()) - 2
    return f"{body.encode()[:room].decode(errors='ignore')}{CUT}\n\n{mark}"


def _read(kind: type[Any], item: Any, repository: Repository) -> Any:
    """An item as ours; None where it can't be one."""
    try:
        found = kind.model_validate(item)
    except ValidationError:
        return None
    found._repository = repository
    return found


def _checked(answer: requests.Response) -> Any:
    """The JSON of a good answer. Raises `GithubError`."""
    status = answer.status_code
    if status in (200, 201):
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError):
            raise GithubError("GitHub answered with something else than JSON.", passing=True) from None
    if until := _free(answer):
        raise GithubError(f"GitHub asks for fewer calls, until {until:%H:%M:%S} UTC.", True, until)
    passing = not 400 <= status < 500 or status in (408, 425)
    raise GithubError(f"GitHub refuses it (status {status}).", passing)


def _free(answer: requests.Response) -> datetime | None:
    """When calls are allowed again, where there were too many."""
    headers, now = answer.headers, datetime.now(UTC)
    after, reset = (headers.get(name, "") for name in ("retry-after", "x-ratelimit-reset"))
    spent = headers.get("x-ratelimit-remaining") == "0"
    told = re.search(rb"rate limit", answer.content[:2000], re.IGNORECASE)
    if answer.status_code != 429 and not (answer.status_code == 403 and (after or spent or told)):
        return None
    seconds = 60.0
    if re.fullmatch(r"\d{1,9}", after):
        seconds = float(after)
    elif spent and re.fullmatch(r"\d{1,12}", reset):
        seconds = float(reset) - now.timestamp()
    return now + min(timedelta(seconds=math.ceil(max(seconds, 1.0))), LONGEST_WAIT)
