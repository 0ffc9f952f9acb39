"""Does a text mention the video? The eraser's own way to tell, for places that are not indexed by video.

It turns what it reads back into plain text (percent signs, base64, JSON escapes, UTF-16) and looks for the identifiers
there; the scanner, which checks the eraser, goes the other way round and shares nothing with this.
"""

import base64
import gzip
import re
import shutil
import zlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote_plus

import polars as pl

from nitro_ml.core.files import parquet

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{8,}")
_ESCAPE = re.compile(rb"\\u([0-9a-fA-F]{4})")
SHORTEST = 6


class TextMatch:
    """The identifiers of the videos of one request. Where one stands within a text of `others`, those are mentioned."""

    def __init__(self, texts: Collection[str], others: Collection[str] = ()) -> None:
        self._plain = [text.encode() for text in texts if len(text) >= SHORTEST]
        self._others = sorted((other.encode() for other in set(others) - set(texts)), key=len, reverse=True)

    def __contains__(self, data: object) -> bool:
        if isinstance(data, str):
            data = data.encode()
        return isinstance(data, bytes) and any(self._in(view) for view in _views(data))

    def _in(self, view: bytes) -> bool:
        if not any(text in view for text in self._plain):
            return False
        for other in self._others:
            view = view.replace(other, b"\n")
        return any(text in view for text in self._plain)

    def file(self, path: Path) -> bool:
        """Whether a file's name or content mentions it; parquet and gzip are unpacked."""
        if path.name in self or path.read_bytes() in self:
            return True
        with suppress(OSError, EOFError, pl.exceptions.PolarsError):
            if path.suffix == ".parquet":
                return parquet.read(path).write_ndjson() in self
            if path.suffix == ".gz":
                return gzip.decompress(path.read_bytes()) in self
        return False


def erase_mentioning(folder: Path, text_match: TextMatch) -> int:
    """Remove the files and folders under a folder whose name or content mentions the videos."""
    count = 0
    for path in sorted(folder.rglob("*"), key=lambda p: len(p.parts), reverse=True):
        if path.is_dir() and path.name in text_match:
            shutil.rmtree(path)
            count += 1
        elif path.is_file() and text_match.file(path):
            path.unlink()
            count += 1
    return count


def _views(data: bytes) -> Iterator[bytes]:
    yield data
    if data[:1] == b"\x78":
        with suppress(zlib.error):  # only looked packed
            yield zlib.decompress(data)
    if b"%" in data:
        yield unquote_plus(unquote_plus(data.decode("latin-1"), "latin-1"), "latin-1").encode("latin-1")
    if b"\\" in data:
        yield _ESCAPE.sub(lambda m: chr(int(m[1], 16)).encode(errors="replace"), data).replace(b"\\/", b"/")
    if b"\0" in data:
        yield data.replace(b"\0", b"")
    for run in _BASE64.findall(data):
        run = run.translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):  # a run may begin with characters that are not of the coded text
            whole = run[start:]
            decoded = base64.b64decode(whole[: len(whole) // 4 * 4])
            yield decoded
            yield decoded.replace(b"\0", b"")
