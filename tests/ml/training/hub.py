"""A stand-in for the hub on this machine: what its client asks for, in the layout and the headers that it expects."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

COMMIT = "c0ffee" * 6 + "c0ff"


@contextmanager
def serve(root: Path) -> Iterator[str]:
    """The folders `root/owner/name` as repositories of one commit; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = self.path.split("?")[0].strip("/").split("/")
            api = parts[:2] == ["api", "models"]
            owner, name, what, revision, *rest = [*parts[2 if api else 0 :], "", "", "", ""][:8]
            repository, path = root / owner / name, root / owner / name / "/".join(rest).strip("/")
            if not repository.is_dir() or revision not in ("main", COMMIT):
                self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            elif api and what == "revision":
                self._answer(200, json.dumps({"id": f"{owner}/{name}", "sha": COMMIT, "siblings": []}).encode())
            elif api and what == "tree":
                self._answer(200, json.dumps([self._entry(file, repository) for file in repository.iterdir()]).encode())
            else:
                data = path.read_bytes()
                self._answer(200, data, {"ETag": f'"{sha1(data).hexdigest()}"', "X-Repo-Commit": COMMIT})

        do_HEAD = do_GET  # noqa: N815

        def _entry(self, file: Path, repository: Path) -> dict[str, object]:
            oid = sha1(file.read_bytes()).hexdigest()
            return {"type": "file", "path": str(file.relative_to(repository)), "size": file.stat().st_size, "oid": oid}

        def _answer(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for key, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def connect(monkeypatch: pytest.MonkeyPatch, address: str, cache: Path) -> None:
    """The hub's client asks this address, and keeps what it fetches in a cache of the test's own."""
    constants = "huggingface_hub.constants"
    monkeypatch.setattr(f"{constants}.ENDPOINT", address)
    monkeypatch.setattr(
        f"{constants}.HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(f"{constants}.HF_HUB_CACHE", str(cache))
