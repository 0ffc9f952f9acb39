"""Length, size and frame rate of a remote video from its header, where the page doesn't state them."""

import io
import re
from dataclasses import dataclass
from typing import Any

import av
from yt_dlp import YoutubeDL
from yt_dlp.networking import Request

from nitro_assets.fetch.guards.refusals import FetchError
from nitro_assets.fetch.sites.stated import number
from nitro_ml.video.container import FORMATS, Film, film_of
from nitro_ml.video.decode import VideoError, first_shown

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
    """The header of the file at `url`, by a few ranged requests through yt-dlp.

    None where it can't be seen without downloading the file: a server that sends no ranges, an index that lies too far
    off. Raises `FetchError` for a file that is no video of a kind that is read, and what yt-dlp's networking raises.
    """
    file = _Ranged(ydl, url, http_headers)
    is_video, seen = False, None
    try:
        with av.open(file, mode="r", options={"format_whitelist": FORMATS}) as container:
            film = Film("the file", container, *film_of(container, "the file"))
            is_video = True
            first, shown = first_shown(film)
            seen = Header(
                number(1e7)(container.duration / av.time_base if container.duration else None),
                *shown.size(first.width, first.height),
                number(1000)(float(film.stream.average_rate or film.stream.guessed_rate or 0)),
                "; ".join(shown.description),
            )
    except (av.FFmpegError, VideoError):
        pass  # what can't be decoded may be sound further on: the whole file decides
    if file.error:
        raise file.error
    if is_video or file.hidden:
        return None if file.hidden else seen
    raise FetchError("unsupported", f"the file at its address is no video of a kind that is read: {FORMATS}.")


class _Ranged(io.RawIOBase):
    """A remote file as a seekable one. A server that answers without a range is read from its start only.

    Nothing is raised while FFmpeg reads, which would drop it and print it. To FFmpeg it is the end of the file; `error`
    is what was raised, and `hidden` says that there is more which can't be had.
    """

    def __init__(self, ydl: YoutubeDL, url: str, http_headers: dict[str, str]) -> None:
        self._ydl, self._url, self._headers = ydl, url, http_headers
        self._at, self._start, self._piece, self._read = 0, 0, b"", 0
        self._size = 0
        self.error: Exception | None = None
        self.hidden = False
        self._load(0)

    def _load(self, start: int) -> None:
        request = Request(self._url, headers={**self._headers, "Range": f"bytes={start}-{start + PIECE - 1}"})
        with self._ydl.urlopen(request) as response:
            ranged = re.fullmatch(r"bytes (\d{1,18})-\d+/(\d{1,18})", response.headers.get("Content-Range", ""))
            if ranged or not start:
                self._piece = response.read(PIECE)
                self._start = int(ranged[1]) if ranged else 0
                stated = re.fullmatch(r"\d{1,18}", response.headers.get("Content-Length", ""))
                self._size = int(ranged[2] if ranged else stated[0] if stated else 1 << 60)
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
        if not 0 <= self._at < self._size or self.error or self.hidden:
            return 0
        if not self._is_here() and self._read + PIECE <= MOST:
            try:
                self._load(self._at)
            except Exception as error:
                self.error = error
                return 0
        if not self._is_here():
            self.hidden = True
            return 0
        part = self._piece[self._at - self._start :][: len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _is_here(self) -> bool:
        return self._start <= self._at < self._start + len(self._piece)
