"""A tar archive walked once, front to back, from a stream that can't seek, in constant memory.

`tarfile` keeps every member's record and believes the sizes that headers claim; a shard holds hundreds of thousands of
members and comes from elsewhere. So only the header block is `tarfile`'s here (`TarInfo.frombuf`, POSIX.1-1988), and
this module knows the two long-name extensions (GNU `L`, pax `x`) and nothing else: nothing is ever extracted.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

BLOCK = tarfile.BLOCKSIZE
MAX_NAME = 64 * 1024  # bytes of a long-name header
KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device",
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}
PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
LONG = (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE)
IGNORED = (tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE)


class TarError(ValueError):
    """The stream is no tar from here on; what was yielded before stands."""


class Readable(Protocol):
    """Anything with `read(n)`."""

    def read(self, n: int, /) -> bytes: ...


@dataclass(frozen=True)
class Member:
    """One file of the archive, its `number` counted from 1.

    `data` is None where it was left out, and `refused` then says what was found. A directory has neither.
    """

    number: int
    name: str
    data: bytes | None = None
    refused: str | None = None


def members(stream: Readable | BinaryIO, wanted: tuple[str, ...], limit: int) -> Iterator[Member]:
    """Every member in order; only files whose name ends in one of `wanted` are read, up to `limit` bytes each.

    Raises `TarError` where the stream is damaged or ends early.
    """
    number = 0
    extra: dict[str, str] = {}  # from the long-name headers before a member
    spoilt: str | None = None
    while (header := _header(stream, number)) is not None:
        kind, size = header.type, header.size
        if kind in (*LONG, *IGNORED):
            if kind in LONG and size <= MAX_NAME:
                extra |= _long(kind, _read(stream, size))
            else:
                _skip(stream, size)
                spoilt = f"a name of {size} bytes" if kind in LONG else spoilt
            continue
        number += 1
        name, size = extra.get("path", header.name), _size(extra.get("size"), size)
        sparse = any(key.startswith("GNU.sparse") for key in extra)
        refused = spoilt or (KINDS[tarfile.GNUTYPE_SPARSE] if sparse else _refusal(kind, size, limit))
        extra, spoilt = {}, None
        if refused or kind == tarfile.DIRTYPE or not name.endswith(wanted):
            _skip(stream, size if kind in (*PLAIN, tarfile.GNUTYPE_SPARSE) else 0)
            yield Member(number, name, refused=refused)
        else:
            yield Member(number, name, data=_read(stream, size))


def _header(stream: Readable, number: int) -> tarfile.TarInfo | None:
    """The next header; None at the block of zeros that ends the archive."""
    block = _exactly(stream, BLOCK)
    if not any(block):
        return None
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError) as error:
        found = f"a damaged header after member {number}" if number else "no tar header at its start"
        raise TarError(f"found {found}") from error
    if header.size < 0:
        raise TarError(f"found a negative size after member {number}")
    return header


def _refusal(kind: bytes, size: int, limit: int) -> str | None:
    if kind == tarfile.DIRTYPE:
        return None
    if kind not in PLAIN:
        return KINDS.get(kind, f"a member of unknown type {kind!r}")
    return f"{size} bytes" if size > limit else None


def _long(kind: bytes, data: bytes) -> dict[str, str]:
    """GNU's long name is the data itself; pax holds records `LENGTH KEY=VALUE` and a line feed."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return {"path": data.rstrip(b"\0").decode("utf-8", "surrogateescape")}
    records = {}
    while data:
        length, space, _ = data.partition(b" ")
        if not space or not length.isdigit() or not len(length) + 1 < int(length[:9]) <= len(data):
            raise TarError("found a damaged pax header")
        key, _, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        records[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        data = data[int(length) :]
    return records


def _size(claimed: str | None, size: int) -> int:
    """The pax header's size, which replaces the plain header's."""
    if claimed is None:
        return size
    if not (claimed.isascii() and claimed.isdigit() and len(claimed) < 20):
        raise TarError("found a damaged size in a pax header")
    return int(claimed)


def _exactly(stream: Readable, size: int) -> bytes:
    parts, left = [], size
    while left and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    if left:
        raise TarError("found the end of the file before the end of the archive")
    return b"".join(parts)


def _read(stream: Readable, size: int) -> bytes:
    """The data of a member, without the padding up to the next block."""
    data = _exactly(stream, size)
    _exactly(stream, -size % BLOCK)
    return data


def _skip(stream: Readable, size: int) -> None:
    left = size + -size % BLOCK
    while left:
        left -= len(_exactly(stream, min(left, 1 << 20)))
