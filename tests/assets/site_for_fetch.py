"""A small video site on loopback: pages, a feed, files with ranges, and everything that goes wrong on a real one."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import av
import numpy as np

DURATION, FPS, WIDTH, HEIGHT = 2, 30, 320, 240
REDIRECTS = {
    "/to-metadata-service": "http://169.254.169.254/latest/",
    "/to-private": "http://10.0.0.1/",
    "/to-file": "file:///etc/passwd",
    "/to-pong": "/watch/pong",
}


def film(kind: str = "mp4") -> bytes:
    """Two seconds of a square moving over a dark ground, H.264, in one of FFmpeg's containers."""
    file = BytesIO()
    with av.open(file, "w", format=kind) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for i in range(DURATION * FPS):
            picture = np.full((HEIGHT, WIDTH, 3), 30, np.uint8)
            picture[100:140, 2 * i : 2 * i + 40] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


FILM = film()


def page(name: str, /, **extra: object) -> str:
    data = {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "name": f"Title of {name}",
        "description": "Plain play.\nLicence: CC-BY-4.0\nGame: pong",
        "uploadDate": "2024-05-06",
        "author": {"@type": "Person", "name": "Ada"},
        "contentUrl": f"/files/{name}.mp4",
        **extra,
    }
    return f'<html><head><title>x</title><script type="application/ld+json">{json.dumps(data)}</script></head></html>'


def feed(base: str) -> str:
    links = "".join(f"<item><title>{n}</title><link>{base}/watch/{n}</link></item>" for n in ("pong", "lost", "boxing"))
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Ada</title>{links}</channel></rss>'


@dataclass(frozen=True)
class Drip:
    """Answers to paths that begin with `path` come `size` bytes at a time from byte `after` on, 0.01 s apart."""

    path: str
    after: int
    size: int


@dataclass(frozen=True)
class Answer:
    """What a path answers, after so many seconds."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    coding: str = "utf-8"


class Handler(BaseHTTPRequestHandler):
    """`server.pages` are answers by path, before all others; `server.ranges`: whether files are given in parts.

    `server.cut` counts how many more answers of a file break off in the middle; `server.fails` are the statuses of
    the next answers of a file, before it is served; `server.said` is more of what its page states; while
    `server.stops`, a file's answer comes to a stop in its middle; `server.drip` makes answers slow."""

    def do_GET(self) -> None:
        base = f"http://{self.headers['Host']}"
        self.server.cookies.append(self.headers.get("Cookie", ""))  # type: ignore[attr-defined]
        if answer := self.server.pages.get(self.path):  # type: ignore[attr-defined]
            time.sleep(answer.seconds)
            with suppress(ConnectionError):
                self._answer(answer)
        elif self.path in REDIRECTS:
            self.send_response(302)
            self.send_header("Location", REDIRECTS[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/feed.xml":
            self._send(feed(base).encode(), "application/rss+xml")
        elif self.path == "/plain":
            self._send(b"<html><body>Nothing to see.</body></html>", "text/html")
        elif self.path == "/private":
            self.send_error(403)
        elif self.path == "/file-page":
            self._send(page("x", contentUrl="file:///etc/passwd").encode(), "text/html")
        elif self.path == "/inner-page":
            self._send(page("x", contentUrl="http://169.254.169.254/x.mp4").encode(), "text/html")
        elif re.fullmatch(r"/files/.*", self.path) and self.server.fails:  # type: ignore[attr-defined]
            self.send_response(self.server.fails.pop(0))  # type: ignore[attr-defined]
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif match := re.fullmatch(r"/watch/(pong|boxing)", self.path):
            said = self.server.said  # type: ignore[attr-defined]
            self._send(page(match[1], **said).replace('"/files', f'"{base}/files').encode(), "text/html")
        elif re.fullmatch(r"/files/(pong|boxing).mp4", self.path):
            self._send(FILM, "video/mp4", ranges=True)
        else:
            self.send_error(404)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, answer: Answer) -> None:
        body = answer.body.replace("{base}", f"http://{self.headers['Host']}").encode(answer.coding, "surrogatepass")
        self.send_response(answer.status)
        for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _send(self, body: bytes, kind: str, ranges: bool = False) -> None:
        in_parts = ranges and self.server.ranges  # type: ignore[attr-defined]
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")) if in_parts else None
        start, end = (int(asked[1]), min(int(asked[2] or len(body)), len(body) - 1)) if asked else (0, len(body) - 1)
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(body)}")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(end + 1 - start))
        self.end_headers()
        part = body[start : end + 1]
        if ranges and self.server.cut and len(part) > 2000:  # type: ignore[attr-defined]
            self.server.cut -= 1  # type: ignore[attr-defined]
            part = part[: len(part) // 2]
        self.server.sent.append((self.path, start, len(part)))  # type: ignore[attr-defined]
        if self.command == "GET":  # last: whoever has the answer may look at what was sent
            if self._drips(part):
                return
            half = len(part) // 2 if ranges and self.server.stops else len(part)  # type: ignore[attr-defined]
            self.wfile.write(part[:half])
            while ranges and self.server.stops:  # type: ignore[attr-defined]
                time.sleep(0.02)
            with suppress(ConnectionError):
                self.wfile.write(part[half:])

    def _drips(self, part: bytes) -> bool:
        """Send it slowly, if that is asked for."""
        drip: Drip | None = self.server.drip  # type: ignore[attr-defined]
        if drip is None or not self.path.startswith(drip.path):
            return False
        with suppress(ConnectionError):
            self.wfile.write(part[: drip.after])
            for at in range(drip.after, len(part), drip.size):
                if self.server.drip is not drip:  # type: ignore[attr-defined]
                    break
                time.sleep(0.01)
                self.wfile.write(part[at : at + drip.size])
        return True

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def site(host: str = "127.0.0.1") -> Iterator[tuple[str, ThreadingHTTPServer]]:
    server = ThreadingHTTPServer((host, 0), Handler)
    server.cut, server.sent, server.fails, server.said, server.cookies = 0, [], [], {}, []  # type: ignore[attr-defined]
    server.stops, server.drip = False, None  # type: ignore[attr-defined]
    server.pages, server.ranges = {}, True  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{host}:{server.server_port}", server
    finally:
        server.drip = None  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()
