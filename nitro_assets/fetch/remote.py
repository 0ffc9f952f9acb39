"""Length, size and frame rate of a remote video from its header, where the page doesn't state them."""

import io
import re
from dataclasses import dataclass
from typing import Any

import av
from yt_dlp import YoutubeDL
from yt_dlp.networking import Request

from nitro_ml.film.container import FORMATS, Film, film_of
from nitro_ml.video import VideoError, first_shown

PIECE = 256 * 1024  # bytes asked for at once
MOST = 16 << 20  # bytes of one file; the header of a 12 h MP4 takes about 10 MB, of most far less than 1


@dataclass(frozen=True)
class Header:
    """Seconds, pixels of the upright picture, frames a second; None where the file doesn't say. picture: what is done
    so that it is seen as meant."""

    duration: float | None
    width: int
    height: int
    fps: float | None
    picture: str | None = None


def header(ydl: YoutubeDL, url: str, http_headers: dict[str, str]) -> Header | None:
    """The header of the file at `url`, a few ranged requests through yt-dlp; None where it is no plain video file.

    Raises what yt-dlp's networking raises (`RequestError`), and nothing for a file that is no video.
    """
    try:
        with av.open(_Ranged(ydl, url, http_headers), mode="r", options={"format_whitelist": FORMATS}) as container:
            film = Film("the file", container, *film_of(container, "the file"))
            length = container.duration / av.time_base if container.duration else None
            rate = film.stream.average_rate or film.stream.guessed_rate
            first, shown = first_shown(film)
            return Header(
                length, *shown.size(first.width, first.height), float(rate) if rate else None, "; ".join(shown.told)
            )
    except (av.FFmpegError, VideoError, EOFError):
        return None


class _Ranged(io.RawIOBase):
    """A remote file as a seekable one. A server that answers without a range is read from its start only."""

    def __init__(self, ydl: YoutubeDL, url: str, http_headers: dict[str, str]) -> None:
        self._ydl, self._url, self._headers = ydl, url, http_headers
        self._at, self._start, self._piece, self._read = 0, 0, b"", 0
        self._size = 0
        self._load(0)

    def _load(self, start: int) -> None:
        if self._read + PIECE > MOST:
            raise EOFError("header too large")
        request = Request(self._url, headers={**self._headers, "Range": f"bytes={start}-{start + PIECE - 1}"})
        with self._ydl.urlopen(request) as response:
            ranged = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
            if ranged is None and start:
                raise EOFError("no ranges")
            self._piece = response.read(PIECE)
            self._start = int(ranged[1]) if ranged else 0
            self._size = int(ranged[2] if ranged else response.headers.get("Content-Length", 0))
        self._read += PIECE

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        if not 0 <= self._at < self._size:
            return 0
        if not self._start <= self._at < self._start + len(self._piece):
            self._load(self._at)
        part = self._piece[self._at - self._start :][: len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)
