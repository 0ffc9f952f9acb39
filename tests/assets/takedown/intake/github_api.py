"""The part of GitHub's REST API that takedowns use, on loopback: issues, comments, closing."""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

FORM = """### What should be taken out?

{kind}

### Addresses

{addresses}

### Reason (optional)

_No response_

### Whose it is

- [X] I made this, own the rights to it, appear in it, or act for someone who does.

### Contact (optional)

_No response_
"""


@dataclass(frozen=True)
class Fault:
    """What calls such as "POST .*/comments" are answered with instead, after so many seconds."""

    call: str
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class Hub:
    """One repository's issues and comments; `requests` are the calls made, the first of `faults` that fits a call is
    its answer."""

    base: str = ""
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, list[str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    broken: bool = False
    faults: list[Fault] = field(default_factory=list)
    changed: dict[int, str] = field(default_factory=dict)

    def open(self, body: str, user: int | None = 7, **more: Any) -> int:
        number = len(self.issues) + 1
        now = _now()
        self.issues[number] = {
            "number": number,
            "url": f"{self.base}/repos/o/n/issues/{number}",
            "html_url": f"https://github.com/o/n/issues/{number}",
            "title": "Takedown request",
            "body": body,
            "state": "open",
            "user": user and {"id": user, "login": f"user{user}", "url": f"{self.base}/users/{user}"},
            "labels": [{"name": "takedown"}],
            "created_at": now,
            "updated_at": now,
            **more,
        }
        self.comments[number] = []
        self.changed[number] = more.get("updated_at", now)
        return number

    def edit(self, number: int, **fields: Any) -> dict[str, Any]:
        self.changed[number] = _now()
        self.issues[number] |= fields | {"updated_at": self.changed[number]}
        return self.issues[number]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        hub: Hub = self.server.hub  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        hub.requests.append(f"{self.command} {parts.path}")
        assert self.headers["Authorization"] == "token secret"
        assert query.get("labels", "takedown") == "takedown"
        if fault := next((f for f in hub.faults if re.fullmatch(f.call, f"{self.command} {parts.path}")), None):
            time.sleep(fault.seconds)
            with suppress(ConnectionError):
                self._send(fault.status, [fault.body] if self.command == "POST" else fault.body, fault.headers)
        elif hub.broken:
            self._send(422, {"message": "broken"})
        elif parts.path == "/repos/o/n/issues":
            since = query.get("since", "")
            open_ones = {number: issue for number, issue in hub.issues.items() if issue["state"] == "open"}
            self._send(200, [issue for number, issue in open_ones.items() if hub.changed[number] >= since])
        elif (match := re.fullmatch(r"/repos/o/n/issues/(\d+)/comments", parts.path)) and int(match[1]) in hub.comments:
            number = int(match[1])
            if self.command == "POST":
                hub.comments[number].append(body["body"])
                hub.edit(number)
            shown = [self._comment(number, place) for place in range(len(hub.comments[number]))]
            self._send(200 if self.command == "GET" else 201, shown)
        elif match := re.fullmatch(r"/repos/o/n/issues/comments/(\d+)", parts.path):
            number, place = divmod(int(match[1]), 1000)
            hub.comments[number][place] = body["body"]
            hub.edit(number)
            self._send(200, self._comment(number, place))
        elif (match := re.fullmatch(r"/repos/o/n/issues/(\d+)", parts.path)) and self.command == "PATCH":
            self._send(200, hub.edit(int(match[1]), **body))
        else:
            self._send(404, {"message": "not found"})

    def _comment(self, number: int, place: int) -> dict[str, Any]:
        hub: Hub = self.server.hub  # type: ignore[attr-defined]
        return {"id": number * 1000 + place, "body": hub.comments[number][place]}

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815

    def _send(self, status: int, value: Any, headers: Mapping[str, str] = {}) -> None:
        if self.command == "POST":
            value = value[-1]
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def github() -> Iterator[Hub]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub = server.hub = Hub(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
