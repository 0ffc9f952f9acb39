"""When each frame of a film is shown, and reading from any time on as if everything before had been read.

Times come from the container. Two kinds of container need more: MPEG-TS, whose clock may start anew where recordings
were joined (here it goes on without a gap), and AVI, which stores frames one after another and no times of showing.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from nitro_ml.video.container import Film, VideoError, opened
from nitro_ml.video.entry_points import is_entry
from nitro_ml.video.truncation import check_end

JUMP = 10.0  # seconds between two frames of a transport stream that make a seam

Timed = tuple[VideoFrame, float]
VideoPacket: TypeAlias = "Packet[VideoStream]"


def frames(path: Path, start: float) -> Iterator[Timed]:
    """Frames of the film and their seconds since its first one, from one at or before `start` on.

    They are those of reading from 0, pixels and times. Raises `VideoError`, and `av.FFmpegError` for damage.
    """
    with opened(path) as film:
        read = _decoded(film, packets(film))
        first = next(read, None)
        if first is None:
            check_end(path, 0.0)
            raise VideoError(f"{path.name}: no frame could be decoded.")
        found = chain([first], read) if start <= 0 else _sought(film, first[1], start)
        if found is not None:
            yield from ((frame, seconds - first[1]) for frame, seconds in found)
            return
    yield from frames(path, 0.0)


def packets(film: Film) -> Iterator[VideoPacket]:
    """The film's packets from where the container stands, on one clock."""
    found = film.container.demux(film.stream)
    return _joined(found, Clock()) if film.format == "mpegts" else found


def seams(film: Film) -> list[float]:
    """The times (s, on the container's clock) at which a transport stream's clock starts anew; reads all of it."""
    clock = Clock()
    if film.format == "mpegts":
        deque(_joined(film.container.demux(film.stream), clock), maxlen=0)
    return clock.seams


class Clock:
    """The clock of one elementary stream of a transport stream, which may start anew; here it goes on without a gap.

    seams: where it was set on, in seconds.
    """

    def __init__(self) -> None:
        self.seams: list[float] = []
        self._shift = self._step = 0
        self._last: int | None = None

    def set(self, packet: "Packet[Any]") -> None:
        """Sets a packet's times right, those of one after another in the order of the file."""
        if packet.dts is None:
            return
        at = packet.dts + self._shift
        if self._last is not None and not 0 <= at - self._last <= JUMP / packet.time_base:
            self.seams.append(float(self._last * packet.time_base))
            self._shift += self._last + self._step - at
            at = self._last + self._step
        elif self._last is not None:
            self._step = at - self._last or self._step
        packet.dts, self._last = at, at
        if packet.pts is not None:
            packet.pts += self._shift


def _joined(stored: Iterator[VideoPacket], clock: Clock) -> Iterator[VideoPacket]:
    """A transport stream from its first key frame on, since a recording may begin between two."""
    begun = False
    for packet in stored:
        begun = begun or packet.is_keyframe or not packet.size
        if begun:
            clock.set(packet)
            yield packet


def _decoded(film: Film, stored: Iterator[VideoPacket]) -> Iterator[Timed]:
    """Frames and their times on the container's clock."""
    numbered = film.format == "avi"  # the n-th frame that is shown has the time of the n-th that is stored
    times = deque[int]()
    for packet in stored:
        if numbered and packet.size and packet.dts is not None:
            times.append(packet.dts)
        for frame in packet.decode():
            if numbered and times:
                frame.pts = times.popleft()
            if frame.time is None:
                raise VideoError(f"{film.name}: a frame carries no time; needed is a file whose frames have one.")
            yield frame, frame.time


@dataclass(frozen=True)
class _Entry:
    """A packet at which decoding can begin: how many come before it from where reading began, and its time (s)."""

    number: int
    seconds: float


def _sought(film: Film, origin: float, start: float) -> Iterator[Timed] | None:
    """Frames from one at or before `start` on; None where none is found but by reading from 0.

    An index may lead too far, and the first right frame may come long after the packet at which decoding began: then an
    earlier one is tried. A transport stream has no index; its packets are read through.
    """
    if film.format == "avi":
        return None
    most, back = origin + start, 1.0
    while most - back > origin:
        try:
            _go(film, most - back)
            entry = _last_entry(film, packets(film), most)
            if entry is None and film.format == "mpegts":
                return None
            if entry is None:
                back *= 4
                continue
            _go(film, most - back)
            found = _decoded(film, islice(packets(film), entry.number, None))
            first = next((timed for timed in found if not timed[0].is_corrupt), None)
        except av.FFmpegError:
            return None
        if first and first[1] - origin <= start:
            return chain([first], found)
        most = entry.seconds - 1e-6
    return None


def _go(film: Film, seconds: float) -> None:
    """To the key frame before a time; in a transport stream to the beginning."""
    if film.format == "mpegts":
        film.container.seek(0, unsupported_byte_offset=True)
    else:
        assert film.stream.time_base  # a stream without one is refused when it is opened
        film.container.seek(int(seconds / film.stream.time_base), stream=film.stream)


def _last_entry(film: Film, stored: Iterator[VideoPacket], most: float) -> _Entry | None:
    """The last entry shown at `most` (s) or earlier, and later than everything stored before it. Decodes nothing."""
    found, latest, codec = None, float("-inf"), film.stream.codec_context.name
    for number, packet in enumerate(stored):
        if not packet.size or (packet.dts is not None and packet.dts * packet.time_base > most):
            break
        if packet.pts is None:
            continue
        seconds = float(packet.pts * packet.time_base)
        if latest < seconds <= most and is_entry(packet, codec):
            found = _Entry(number, seconds)
        latest = max(latest, seconds)
    return found
