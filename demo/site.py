"""A small video site on this machine: watch pages, a feed per channel, and the files, for yt-dlp to find and fetch.

    python -m demo.site --root DIR --port 8800

What it shows stands in `DIR/site.json` (see `demo.catalogue`), read at each request, so that videos may come and go.
"""

import argparse
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from demo import pages
from demo.catalogue import catalogue

HOST = "127.0.0.1"
PIECE = 1 << 18  # bytes sent at once


class Site(ThreadingHTTPServer):
    """Serves one folder; silent, and one thread a request."""

    daemon_threads = True

    def __init__(self, root: Path, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.root = root
        self.address = f"http://{HOST}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        """`/`, `/watch/ID`, `/channel/NAME/feed.xml` and `/files/ID.mp4`; anything else is not found."""
        videos = catalogue(self.server.root)
        match [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]:
            case [""]:
                self._send(pages.front(videos.values()), "text/html")
            case ["watch", name] if name in videos:
                self._send(pages.watch(videos[name], self.server.address), "text/html")
            case ["channel", name, "feed.xml"] if any(v.channel == name for v in videos.values()):
                theirs = [v for v in videos.values() if v.channel == name]
                self._send(pages.feed(name, theirs, self.server.address), "application/rss+xml")
            case ["files", name] if (video := videos.get(name.removesuffix(".mp4"))) and video.file:
                self._file(video.file)
            case _:
                self.send_error(HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing: addresses stay out of the logs."""

    def _send(self, text: str, kind: str) -> None:
        data = text.encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def _file(self, path: Path) -> None:
        """The file, or the one range of it that is asked for (RFC 9110, section 14)."""
        if not path.is_file():
            return self.send_error(HTTPStatus.NOT_FOUND)
        size = path.stat().st_size
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        start, end = _range(wanted, size) if wanted else (0, size)
        if start >= end:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command == "GET":
            self._copy(path, start, end)
        return None

    def _copy(self, path: Path, start: int, end: int) -> None:
        with path.open("rb") as file:
            file.seek(start)
            while start < end and (piece := file.read(min(PIECE, end - start))):
                self.wfile.write(piece)
                start += len(piece)


def _range(wanted: re.Match[str], size: int) -> tuple[int, int]:
    """First byte and the one after the last; empty where nothing of it exists."""
    first, last = wanted.groups()
    if not first:
        return (max(0, size - int(last)), size) if last else (size, size)
    return int(first), min(size, int(last) + 1) if last else size


@contextmanager
def serve(root: Path, port: int = 0) -> Iterator[str]:
    """Runs the site beside the caller and gives its address; port 0 takes a free one."""
    with Site(root, port) as site:
        thread = threading.Thread(target=site.serve_forever, daemon=True)
        thread.start()
        try:
            yield site.address
        finally:
            site.shutdown()
            thread.join()


def main() -> None:
    """Serves until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m demo.site", description="Shows a folder of videos as a site.")
    parser.add_argument("--root", type=Path, required=True, help="folder with site.json or videos/")
    parser.add_argument("--port", type=int, default=8800, help="port on 127.0.0.1; 0 takes a free one")
    given = parser.parse_args()
    with Site(given.root, given.port) as site:
        print(site.address, flush=True)
        try:
            site.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
