"""A server that sends next to nothing without falling silent is given up like one that does: with a time-out.

yt-dlp's own limit (`throttledratelimit`) and its progress hooks come too late: they look between blocks of up to 4 MB,
and such a block, read to its end, may take weeks. So the bytes are counted as they come from the socket: of headers,
pages and files alike.
"""

import http.client
import io
import time
from typing import Any

from yt_dlp.networking._urllib import HTTPHandler, UrllibRH

LEAST = 10_000
"""Bytes a second, on average over WINDOW; a video of 360 lines plays at about 60 000."""
WINDOW = 60.0
"""Seconds of waiting for one answer's bytes; what takes less is never judged."""


class SteadyRH(UrllibRH):
    """yt-dlp's handler over urllib; an answer that trickles raises `TransportError`, as any time-out does.

    yt-dlp wants names that end so.
    """

    def _create_instance(self, *args: Any, **options: Any) -> Any:
        opener = super()._create_instance(*args, **options)
        for handler in opener.handlers:
            if isinstance(handler, HTTPHandler):
                handler._make_conn_class = _steady
        return opener


def _steady(connection: type[http.client.HTTPConnection], request: object) -> type[http.client.HTTPConnection]:
    return type(connection.__name__, (connection,), {"response_class": _Answer})


class _Answer(http.client.HTTPResponse):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fp = io.BufferedReader(_Counted(self.fp.detach()))


class _Counted(io.RawIOBase):
    """A socket's bytes. Only the time spent waiting for them counts: a reader that is busy blames nobody."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._bytes, self._seconds = 0, 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        began = time.monotonic()
        found: int = self._raw.readinto(buffer)
        self._seconds += time.monotonic() - began
        self._bytes += found
        if self._seconds >= WINDOW:
            if self._bytes < LEAST * self._seconds:
                self.close()  # yt-dlp asks again and leaves this connection as it is
                raise TimeoutError(f"found {self._bytes} bytes in {self._seconds:.0f} s; needed are {LEAST} a second.")
            self._bytes, self._seconds = 0, 0.0
        return found

    def close(self) -> None:
        self._raw.close()
        super().close()
