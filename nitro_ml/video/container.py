"""Opening a video file: the containers that are read, and which of a file's video streams is the film."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts"
"""Demuxers; the one list, for files and for the headers of remote ones. Playlists, which open other addresses, are not
among them."""

STILLS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image | Disposition.dependent
PICTURES = ("mjpeg", "png", "bmp", "gif", "webp", "tiff", "jpegls", "jpeg2000")
"""Codecs in which thumbnails that nothing marks as such are kept beside a film in another one."""


class VideoError(ValueError):
    """A file that is no readable video; the message names the file, what was found and what was read before it."""


class CutError(VideoError):
    """A video that is sound as far as it goes, and ends before its container says."""


@dataclass(frozen=True)
class Film:
    """An open file and the stream in it that is labelled; `found`: which one that is, where there are several."""

    name: str
    container: InputContainer
    stream: VideoStream
    found: str

    @property
    def format(self) -> str:
        """The demuxer's name, such as "mov,mp4,m4a,3gp,3g2,mj2"."""
        return str(self.container.format.name)


@contextmanager
def opened(path: Path, sound: bool = False) -> Iterator[Film]:
    """The file at `path`, whatever characters are in its name; without `sound` nothing but the film is read of it.
    Raises `VideoError`."""
    if not path.is_file() or path.stat().st_size == 0:
        raise VideoError(f"{path.name}: {'an empty file' if path.is_file() else 'no such file'}.")
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        container = av.open(f"file:{path}", options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        raise VideoError(f"{path.name}: not a readable video ({error.strerror}); allowed are {FORMATS}.") from error
    with container:
        film = Film(path.name, container, *film_of(container, path.name))
        for stream in container.streams:
            wanted = stream is film.stream or (sound and stream.type == "audio")
            stream.discard = Discard.default if wanted else Discard.all
        film.stream.codec_context.thread_count = 1  # one video a process beats one video in two threads
        yield film


def film_of(container: InputContainer, name: str) -> tuple[VideoStream, str]:
    """The stream that is the film, and which one that is, where there are several.

    Pictures that stand still, such as covers and thumbnails, are no film. Of the others it is the one marked as
    default, then the largest, then the first. Raises `VideoError` where there is none.
    """
    films = [s for s in container.streams.video if not s.disposition & STILLS]
    if not films:
        found = "a cover picture and no video stream" if container.streams.video else "no video stream"
        raise VideoError(f"{name}: {found} in it.")
    known = [s for s in films if s.codec_context is not None]
    if not known:
        raise VideoError(f"{name}: found video of an unknown codec; encode it as H.264.")
    chosen = max(known, key=_rank)
    number = container.streams.video.index(chosen) + 1
    several = len(container.streams.video) > 1
    return chosen, f"video stream {number} of {len(container.streams.video)}" if several else ""


def _rank(stream: VideoStream) -> tuple[bool, bool, int, int]:
    moves = stream.frames > 1 or stream.codec_context.name not in PICTURES
    default = bool(stream.disposition & Disposition.default)
    return moves, default, stream.codec_context.width * stream.codec_context.height, -stream.index
