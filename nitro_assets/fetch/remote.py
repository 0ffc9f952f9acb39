"""Length, size and frame rate of a remote video from its header, where the page doesn't state them."""

import io
import re
from dataclasses import dataclass
from typing import Any

import av
from yt_dlp import YoutubeDL
from yt_dlp.networking import Request

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts"  # no playlist formats: they open other addresses
PIECE = 256 * 1024  # bytes asked for at once
MOST = 16 << 20  # bytes of one file; the header of a 12 h MP4 takes about 10 MB, of most far less than 1


@dataclass(frozen=True)
class Header:
    """Seconds, pixels, frames a second; None where the file doesn't say."""

    duration: float | None
    width: int
    height: int
    fps: float | None


def header(ydl: YoutubeDL, url: str, http_headers: dict[str, str]) -> Header | None:
    """The header of the file at `url`, a few ranged requests through yt-dlp; None where it is no plain video file.

    Raises what yt-dlp's networking raises (`RequestError`), and nothing for a file that is no video.
    """
    try:
        with av.open(_Ranged(ydl, url, http_headers), mode="r", options={"format_whitelist": FORMATS}) as container:
            stream = container.streams.video[0]
            length = container.duration / av.time_base if container.duration else None
            rate = stream.average_rate or stream.guessed_rate
            return Header(
                length, stream.codec_context.width, stream.codec_context.height, float(rate) if rate else None
            )
    except (av.FFmpegError, IndexError, EOFError):
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
