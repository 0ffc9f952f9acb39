"""Whether a file goes on to where its container says that it ends, by the container's own outermost structure.

Lengths in seconds say less: they may be the sound's, count from 0 or from the first frame, or include how long the last
frame stays. Only the outermost boxes are looked at: ISO/IEC 14496-12 (MP4), RFC 9559 (Matroska), RIFF, and Adobe's FLV.
"""

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import av

from nitro_ml.video.container import CutError, Film, opened

Ending = Literal["whole", "cut", "unknown"]

SLACK = 1.0  # seconds by which a stated end may be off, where nothing but it tells
MEDIA = (b"mdat", b"moof")
SEGMENT, CLUSTER = 0x18538067, 0x1F43B675
FLV_TAGS = (8, 9, 18)


class _Part(NamedTuple):
    """A box: what it is, where its content begins and where it ends, in bytes; no end is to the end of the file."""

    kind: bytes | int
    start: int
    end: int | None


def check_end(path: Path, last: float) -> None:
    """Raises `CutError` where the file lacks its end; last: when the last frame that was read is shown, in seconds.

    Where the structure doesn't tell, the stated length does, unless something else in the file, such as its sound, goes
    on to there. A transport stream states none.
    """
    with opened(path) as film:
        found, stated = ending(path, film), seconds_of(film)
    tells = found == "unknown" and film.format != "mpegts" and stated - last > SLACK
    if found == "cut" or (tells and _sounds_until(path) < stated - SLACK):
        raise CutError(f"{path.name}: cut short, {last:.2f} s of {stated:.2f} s were read.")


def seconds_of(film: Film) -> float:
    """Seconds of the film as stated, of the whole file where that is all that is stated; 0 without."""
    stream = film.stream
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    stated = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))  # Matroska
    if stated:
        return int(stated[1]) * 3600 + int(stated[2]) * 60 + float(stated[3])
    return (film.container.duration or 0) / av.time_base


def _sounds_until(path: Path) -> float:
    """When the last packet of any stream ends, in seconds."""
    with av.open(f"file:{path}", metadata_errors="replace") as container:
        ends = (
            float((p.pts + (p.duration or 0)) * p.time_base) for p in container.demux() if p.size and p.pts is not None
        )
        return max(ends, default=0.0)


def ending(path: Path, film: Film) -> Ending:
    """What the file's own structure says of its end: "unknown" for containers that don't tell, such as MPEG-TS."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if film.format.startswith("mov"):
            return _mp4(film, file, size)
        if film.format.startswith("matroska"):
            return _matroska(file, size)
        if film.format == "avi":
            return _avi(file, size)
        return _flv(file, size) if film.format == "flv" else "unknown"


def _mp4(film: Film, file: BinaryIO, size: int) -> Ending:
    boxes = list(_boxes(file, size))
    kinds = [box.kind for box in boxes]
    torn = any(box.kind in MEDIA and box.end is not None and box.end > size for box in boxes)
    if b"moof" not in kinds:  # the index in `moov` has every sample of the film
        lost = torn and any(entry.pos + entry.size > size for entry in film.stream.index_entries)
        return "cut" if lost else "whole"
    listed = [_listed_end(file, box) for box in boxes if box.kind == b"sidx"]
    if torn or any(end > size for end in listed):
        return "cut"
    last = max(box.end or size for box in boxes if box.kind in MEDIA)
    return "whole" if b"mfra" in kinds or (listed and listed[0] >= last) else "unknown"


def _boxes(file: BinaryIO, size: int) -> Iterator[_Part]:
    at = 0
    while at + 8 <= size:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        start = at + 8
        if length == 1:
            start, length = at + 16, int.from_bytes(file.read(8), "big")
        if not kind.isalnum() or (length and length < start - at):
            return  # something appended that is no box
        yield _Part(kind, start, at + length if length else None)
        if not length:
            return
        at += length


def _listed_end(file: BinaryIO, box: _Part) -> int:
    """Where the last of the segments ends that a `sidx` box lists."""
    assert box.end is not None
    file.seek(box.start)
    data = file.read(box.end - box.start)
    wide = 8 if data[:1] == b"\1" else 4
    offset = int.from_bytes(data[12 + wide : 12 + 2 * wide], "big")
    first = 12 + 2 * wide + 4
    count = int.from_bytes(data[first - 2 : first], "big")
    sizes = (int.from_bytes(data[first + 12 * i : first + 12 * i + 4], "big") & 0x7FFFFFFF for i in range(count))
    return box.end + offset + sum(sizes)


def _matroska(file: BinaryIO, size: int) -> Ending:
    top = next((part for part in _elements(file, 0, size) if part.kind == SEGMENT), None)
    if top is None or top.end is None:
        return "unknown"
    if top.end <= size:
        return "whole"
    last = None
    for last in _elements(file, top.start, size):  # noqa: B007  # the last one counts: what is lost lies in it
        pass
    return "cut" if last is None or last.kind == CLUSTER else "whole"


def _elements(file: BinaryIO, at: int, size: int) -> Iterator[_Part]:
    while at < size:
        file.seek(at)
        head = file.read(12)
        wide = 9 - head[0].bit_length() if head[0] else 9
        kind, rest = int.from_bytes(head[:wide], "big"), head[wide:]
        long = 9 - rest[0].bit_length() if rest and rest[0] else 9
        if wide > 4 or long > min(8, len(rest)):
            return
        length = int.from_bytes(rest[:long], "big") & ((1 << 7 * long) - 1)
        start = at + wide + long
        known = length != (1 << 7 * long) - 1
        yield _Part(kind, start, start + length if known else None)
        if not known:
            return
        at = start + length


def _avi(file: BinaryIO, size: int) -> Ending:
    """The pictures are in lists called `movi`; what comes after them is an index, without which they can be read."""
    for riff in _chunks(file, 0, size):
        assert riff.end is not None
        for part in _chunks(file, riff.start + 4, min(size, riff.end)) if riff.end > size else ():
            file.seek(part.start)
            if part.end is not None and part.end > size and file.read(4) == b"movi":
                return "cut"
    return "whole"


def _chunks(file: BinaryIO, at: int, size: int) -> Iterator[_Part]:
    while at + 8 <= size:
        file.seek(at)
        kind, length = struct.unpack("<4sI", file.read(8))
        yield _Part(kind, at + 8, at + 8 + length)
        at += 8 + length + length % 2


def _flv(file: BinaryIO, size: int) -> Ending:
    """Each tag is followed by its length. A file may end after any: one that does may be whole."""
    file.seek(-4, os.SEEK_END)
    length = int.from_bytes(file.read(4), "big")
    if 11 <= length < size - 4:
        file.seek(size - 4 - length)
        head = file.read(4)
        if head[0] & 31 in FLV_TAGS and int.from_bytes(head[1:4], "big") == length - 11:
            return "unknown"
    at = 13
    while at + 11 <= size:
        file.seek(at)
        at += 11 + int.from_bytes(file.read(4)[1:4], "big") + 4
    return "unknown" if at == size else "cut"
