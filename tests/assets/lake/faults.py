"""A proxy before an HTTP server that answers some requests badly: with 500, slowly, by half, or not at all.

    python -m tests.assets.lake.faults PORT SERVER_PORT

A process of its own: libraries that hold Python's lock while they wait for an answer would wait for ever for a thread.
What goes wrong is told to it at `/-faults`, as JSON, and how often it did is answered there.
"""

import http.client
import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from tests.assets.services import QUIET, free_port, wait_for

CONTROL = "/-faults"
Fault = Literal["", "500", "slow", "half", "lost"]


@dataclass
class Plan:
    """Every `every`-th request whose method and path match goes wrong, or the first `times` of each path alone.

    `half`: the connection breaks in the middle of the answer; `lost`: it is carried out, but the answer is a 500.
    """

    fault: Fault = ""
    match: str = ""
    every: int = 1
    times: int = 1 << 30


class Proxy(ThreadingHTTPServer):
    """Before the server on `port` of the loopback."""

    daemon_threads = True

    def __init__(self, own: int, port: int) -> None:
        super().__init__(("127.0.0.1", own), _Handler)
        self.port, self.lock = port, threading.Lock()
        self.begin(Plan())

    def begin(self, plan: Plan) -> None:
        self.plan, self.matched, self.done, self.faults = plan, 0, Counter[str](), 0

    def fault(self, request: str) -> Fault:
        """What becomes of this request, "GET /bucket/x"."""
        with self.lock:
            if not re.search(self.plan.match, request):
                return ""
            self.matched += 1
            if self.matched % self.plan.every or self.done[request] >= self.plan.times:
                return ""
            self.done[request] += 1
            self.faults += bool(self.plan.fault)
            return self.plan.fault

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: broken connections are the point."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass(self) -> None:
        body = self._body()
        if self.path == CONTROL:
            return self._control(body)
        fault = self.server.fault(f"{self.command} {self.path.split('?')[0]}")
        if fault == "500":
            return self._answer(500, [], b"")
        if fault == "slow":
            time.sleep(0.5)
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("transfer-encoding", "expect")}
        upstream.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
        got = upstream.getresponse()
        data = got.read()
        upstream.close()
        if fault == "lost":
            return self._answer(500, [], b"")
        return self._answer(got.status, got.getheaders(), data, half=fault == "half")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815

    def _control(self, body: bytes) -> None:
        count = self.server.faults
        if body:
            self.server.begin(Plan(**json.loads(body)))
        self._answer(200, [], str(count).encode())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes, half: bool = False) -> None:
        self.send_response(status)
        kept = [(k, v) for k, v in headers if k.lower() not in ("transfer-encoding", "connection", "date", "server")]
        for name, value in kept:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in kept):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if half else data)
        if half:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Faults:
    """The near end of a proxy."""

    port: int

    def plan(self, plan: Plan) -> int:
        """Begin a plan; how often something went wrong under the one before."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{CONTROL}", json.dumps(asdict(plan)).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.read())


@contextmanager
def proxy(port: int) -> Iterator[Faults]:
    """Run one before the server on a port."""
    own = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.assets.lake.faults", str(own), str(port)], **QUIET)
    try:
        wait_for(own)
        yield Faults(own)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    Proxy(int(sys.argv[1]), int(sys.argv[2])).serve_forever()
