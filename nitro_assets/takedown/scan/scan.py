"""The scanner: is a video mentioned anywhere? It trusts no plan and no index, only what it reads itself.

It looks at names, at raw bytes (free pages and footers included), and at what the bytes decode to: gzip, zlib, tar and
zip members, every text in parquet, every value in SQLite and Postgres. It streams: a stretch, a member, a column's
distinct values at a time. It shares no code with the planning or the erasing.
"""

import gzip
import io
import os
import sqlite3
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import fsspec
import polars as pl

from nitro_assets.takedown.scan.identifier_patterns import Matcher
from nitro_ml.core.files import parquet
from nitro_ml.core.files.filesystem import place

STRETCH = 1 << 20
DEEPEST = 6
"""Archives within archives; one that goes deeper is a finding of its own."""
BROKEN = (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, sqlite3.DatabaseError, RuntimeError)
ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


@dataclass(frozen=True)
class Found:
    """One place where the video is still mentioned: where (redacted), and which identifier in which form."""

    where: str
    what: str


@dataclass
class Scan:
    """A scan under way or done: what was found, and how much was looked at."""

    matcher: Matcher
    exempt: Collection[str] = ()
    found: list[Found] = field(default_factory=list)
    files: int = 0
    size: int = 0
    """Bytes looked at, unpacked ones included."""
    tell: Callable[[float, str], None] = lambda fraction, message: None
    """Is told, now and then, how much of what is to be looked at has been."""

    @property
    def clean(self) -> bool:
        return not self.found

    def tree(self, url: str) -> "Scan":
        """Everything under a folder or object prefix; nothing where there is none. `exempt` paths are left out."""
        return self.trees([url])

    def trees(self, urls: Iterable[str]) -> "Scan":
        """As `tree`, one after another; how much there is in all is known before the first is read."""
        found = [(fs, root, list(_walk(fs, root))) for fs, root in map(_opened, urls)]
        whole = sum(info["size"] or 0 for _, _, inside in found for _, info in inside if info["type"] == "file")
        read = 0
        for fs, root, inside in found:
            for path, info in inside:
                if path in self.exempt:
                    continue
                self._text(path.removeprefix(root), path, "name")
                if info["type"] == "file":
                    self.tell(
                        min(read / max(whole, 1), 1.0), f"{read / 1e6:.0f} of {whole / 1e6:.0f} MB looked through"
                    )
                    self.files += 1
                    self._file(fs, path, info["size"])
                    read += info["size"] or 0
        return self

    def database(self, url: str) -> "Scan":
        """Every value of every table of a database server, by its SQLAlchemy address."""
        import sqlalchemy as sa

        engine = sa.create_engine(url)
        with engine.connect().execution_options(stream_results=True) as connection:
            for table in sa.inspect(engine).get_table_names():
                quoted = engine.dialect.identifier_preparer.quote(table)
                for row in connection.execute(sa.text(f"SELECT * FROM {quoted}")):
                    self._values(row, f"database table {table}")
        engine.dispose()
        return self

    def _file(self, fs: fsspec.AbstractFileSystem, path: str, size: int) -> None:
        if "file" in fs.protocol:
            self._local(Path(path), path)
            return
        with tempfile.NamedTemporaryFile(suffix=Path(path).suffix) as copy:
            fs.get_file(path, copy.name)
            self._local(Path(copy.name), path)

    def _local(self, path: Path, where: str) -> None:
        try:
            with path.open("rb") as file:
                start = file.read(16)
                file.seek(0)
                self._stream(file, where, 0)
            if start.startswith(b"PAR1"):
                self._parquet(path, where)
            elif start.startswith(b"SQLite format 3\0"):
                self._sqlite(path, where)
        except FileNotFoundError:
            return  # gone since it was listed: nothing to find
        except (*BROKEN, pl.exceptions.PolarsError) as error:
            if not path.exists():
                return
            self._add(where, f"could not be read whole ({type(error).__name__})")

    def _stream(self, file: IO[bytes], where: str, depth: int) -> None:
        """Raw bytes, then what they unpack to."""
        if depth > DEEPEST:
            self._add(where, "is packed too deep to be looked into")
            return
        if not file.seekable():
            with tempfile.SpooledTemporaryFile(max_size=32 * STRETCH) as copy:
                while data := file.read(STRETCH):
                    copy.write(data)
                copy.seek(0)
                self._stream(copy, where, depth)
            return
        start = file.read(262)
        file.seek(0)
        self._raw(file, where)
        file.seek(0)
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(file) as inner:
                self._stream(_joined(b"", inner), f"{where} (gzip)", depth + 1)
        elif start[257:262] == b"ustar":
            with tarfile.open(fileobj=file) as archive:
                for member in archive:
                    self._text(member.name, f"{where}: {member.name}", "name")
                    if member.isfile() and (content := archive.extractfile(member)):
                        self._member(content, f"{where}: {member.name}", depth + 1)
        elif start.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(file) as archive:
                for name in archive.namelist():
                    self._text(name, f"{where}: {name}", "name")
                    with archive.open(name) as content:
                        self._member(_joined(b"", content), f"{where}: {name}", depth + 1)

    def _member(self, content: IO[bytes], where: str, depth: int) -> None:
        """A file within an archive; one that is parquet or SQLite is put on disk to be decoded."""
        start = content.read(16)
        rest = _joined(start, content)
        if not start.startswith((b"PAR1", b"SQLite format 3\0")):
            self._stream(rest, where, depth)
            return
        with tempfile.NamedTemporaryFile() as copy:
            while data := rest.read(STRETCH):
                copy.write(data)
            copy.flush()
            self._local(Path(copy.name), where)

    def _raw(self, file: IO[bytes], where: str) -> None:
        tail, data = b"", file.read(STRETCH)
        while data:
            self.size += len(data)
            after = file.read(STRETCH)
            for what in self.matcher.find(tail + data + after[: self.matcher.ahead]):
                self._add(where, what)
            tail, data = (tail + data)[-max(self.matcher.longest, self.matcher.ahead) :], after

    def _parquet(self, path: Path, where: str) -> None:
        """Each column's distinct texts."""
        rows = parquet.scan(path)
        for name, dtype in rows.collect_schema().items():
            self._text(name, where, "column name")
            for texts in _texts(rows.select(pl.col(name).alias("x")), dtype):
                self._values(texts.unique().collect(engine="streaming")["x"], f"{where} (decoded)")

    def _sqlite(self, path: Path, where: str) -> None:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.text_factory = bytes
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                table = name.decode().replace('"', '""')
                for row in database.execute(f'SELECT * FROM "{table}"'):
                    self._values(row, f"{where} (table {name.decode()})")

    def _values(self, values: Iterable[Any], where: str) -> None:
        """Texts and blobs, many looked at in one go; a blob that zlib has packed is unpacked."""
        batch, size = [], 0
        for value in values:
            data = _bytes(value)
            if not data:
                continue
            batch.append(data)
            size += len(data)
            if data[:2] in ZLIB and isinstance(value, bytes):
                self._unpacked(data, where)
            if size > STRETCH:
                self._batch(batch, where)
                batch, size = [], 0
        self._batch(batch, where)

    def _unpacked(self, data: bytes, where: str) -> None:
        try:
            self._batch([zlib.decompress(data)], f"{where} (zlib)")
        except zlib.error:
            return  # only looked like it; its raw bytes are searched all the same

    def _batch(self, batch: list[bytes], where: str) -> None:
        data = b"\n".join(batch)
        self.size += len(data)
        for what in self.matcher.find(data):
            self._add(where, what)

    def _text(self, text: str, where: str, kind: str) -> None:
        for what in self.matcher.find(os.fsencode(text)):
            self._add(f"{where} ({kind})", what)

    def _add(self, where: str, what: str) -> None:
        found = Found(self.matcher.redact(where), what)
        if found not in self.found:
            self.found.append(found)


def _opened(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    fs, root = place(url)
    fs.invalidate_cache()
    return fs, root


def _walk(fs: fsspec.AbstractFileSystem, root: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if not fs.exists(root):
        return
    info = fs.info(root)
    if info["type"] != "directory":
        yield root, info
        return
    for _, folders, files in fs.walk(root, detail=True):
        for info in (*folders.values(), *files.values()):
            yield info["name"], info


def _bytes(value: Any) -> bytes:
    if value is None:
        return b""
    return value if isinstance(value, bytes) else str(value).encode()


def _texts(rows: pl.LazyFrame, dtype: pl.DataType) -> Iterator[pl.LazyFrame]:
    """The texts within a column `x`, however deep they lie; none for a column of numbers."""
    if dtype in (pl.String, pl.Binary, pl.Categorical, pl.Enum):
        yield rows.select(pl.col("x").cast(pl.Binary if dtype == pl.Binary else pl.String))
    elif isinstance(dtype, pl.List | pl.Array):
        yield from _texts(rows.explode("x"), dtype.inner)  # type: ignore[arg-type]
    elif isinstance(dtype, pl.Struct):
        for part in dtype.fields:
            yield from _texts(rows.select(pl.col("x").struct.field(part.name).alias("x")), part.dtype)  # type: ignore[arg-type]


class _Joined(io.RawIOBase):
    """What was read already, then the rest."""

    def __init__(self, start: bytes, rest: Any) -> None:
        self._start, self._rest = start, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._start or self._rest.read(len(buffer))
        self._start = data[len(buffer) :]
        data = data[: len(buffer)]
        buffer[: len(data)] = data
        return len(data)


def _joined(start: bytes, rest: Any) -> IO[bytes]:
    """A file that cannot be sought in, as going back in a packed one would unpack it from its start again."""
    return io.BufferedReader(_Joined(start, rest))
