"""Videos decoded in a process of their own: one that crashes, hangs or swallows memory takes only itself down.

The pixels come back through two slots of shared memory: while one is used, the child fills the other, and no more.
What is computed from the pixels alone is computed there too, so that the reader's process has its core for the model.
"""

import mmap
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import count, cycle
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np

from nitro_ml.core.box import Box
from nitro_ml.sandbox import process
from nitro_ml.sandbox.process import Line, SandboxError, SandboxProcess
from nitro_ml.segments.features import FRAME, Features, FrameFacts
from nitro_ml.video import decode
from nitro_ml.video.decode import CutError, Frames, VideoError, VideoInfo

ERRORS = {kind.__name__: kind for kind in (CutError, VideoError, ValueError)}
SLOTS = 2
START = 60.0  # seconds for the child's imports on a cold disk


class Seen(NamedTuple):
    """Consecutive frames and the facts about them that segments are judged by, [n] of `segments.features.FRAME`."""

    frames: Frames
    facts: FrameFacts


class Decoder:
    """Decodes videos one after another; a context manager, for one thread. A child that died is replaced.

    stall: seconds without a batch of frames, after which a video counts as hanging; memory: bytes that decoding may
    take (a 4K video takes about 0.5 GB).
    """

    def __init__(self, stall: float = 60.0, memory: int = 2 << 30) -> None:
        self.stall, self.memory = stall, memory
        self._child: SandboxProcess | None = None
        self._reading = False
        self._shared = _shared_file()

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()
        os.close(self._shared)

    def probe(self, path: Path) -> VideoInfo:
        """As `video.probe`. Raises `VideoError`."""
        self._ready().ask({"do": "probe", "path": str(path)})
        return VideoInfo(**self._answer(path))

    def read(
        self,
        path: Path,
        size: int,
        *,
        crop: Box | None = None,
        mask: Sequence[Box] = (),
        start: float = 0.0,
        end: float | None = None,
        batch: int = 64,
    ) -> Iterator[Frames]:
        """As `video.read`, to the bit. Raises `VideoError` for a video that crashes or hangs the decoder too."""
        where = {"crop": crop and asdict(crop), "mask": [asdict(box) for box in mask], "start": start, "end": end}
        return (seen.frames for seen in self._read(path, size, batch, {**where, "facts": False}))

    def look(self, path: Path, size: int, batch: int = 64) -> Iterator[Seen]:
        """The frames of a whole video with their facts. Raises as `read`."""
        asked: Line = {"crop": None, "mask": [], "start": 0.0, "end": None, "facts": True}
        return self._read(path, size, batch, asked)

    def _read(self, path: Path, size: int, batch: int, asked: Line) -> Iterator[Seen]:
        if self._reading:
            self._end()  # an earlier video was left half way
        started = self._ready()
        self._reading = True
        room = SLOTS * _slot_bytes(batch, size)
        os.ftruncate(self._shared, room)
        slots = _slots(mmap.mmap(self._shared, room), batch, size)
        started.ask({"do": "read", "path": str(path), "side": size, "batch": batch, **asked})
        try:
            for slot in cycle(slots):
                if not (n := self._answer(path)["frames"]):
                    break
                frames = Frames(slot.frames.rgb[:n].copy(), slot.frames.time[:n].copy())
                seen = Seen(frames, slot.facts[:n].copy())
                started.ask({"do": "go on"})
                yield seen
        except GeneratorExit:
            if self._child is started:
                self._end()  # it would go on with a video that nobody reads
            raise
        self._reading = False

    def _answer(self, path: Path) -> Line:
        assert self._child is not None
        try:
            found = self._child.answer(self.stall)
        except SandboxError as error:
            self._end()
            raise VideoError(f"{path.name}: decoding it {error}; the video is damaged or hostile.") from error
        if "error" in found:
            self._reading = False
            raise ERRORS[found["kind"]](found["error"])
        return found

    def _ready(self) -> SandboxProcess:
        if self._child is None:
            started = SandboxProcess(__name__, str(self._shared), str(self.memory), pass_fds=[self._shared])
            try:
                started.answer(START)
            except SandboxError as error:
                raise RuntimeError(f"The decoder's process {error} at its start, before any video.") from error
            self._child = started
        return self._child

    def _end(self) -> None:
        self._reading = False
        if self._child is not None:
            self._child.end()
            self._child = None


def _shared_file() -> int:
    """A file in memory without a name: nothing is left of it, however either side ends."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("nitro-frames")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _slot_bytes(batch: int, size: int) -> int:
    return batch * (8 + FRAME.itemsize + size * size * 3)


def _slots(memory: mmap.mmap, batch: int, size: int) -> list[Seen]:
    """Room for `batch` frames, SLOTS times: all times first, which keeps them aligned."""
    time = np.frombuffer(memory, np.float64, SLOTS * batch).reshape(SLOTS, batch)
    facts = np.frombuffer(memory, FRAME, SLOTS * batch, time.nbytes)
    rgb = np.frombuffer(memory, np.uint8, offset=time.nbytes + facts.nbytes)
    facts, rgb = facts.reshape(SLOTS, batch), rgb.reshape(SLOTS, batch, size, size, 3)
    return [Seen(Frames(rgb[i], time[i]), facts[i]) for i in range(SLOTS)]


def serve(shared: int, memory: int) -> None:
    """The child."""
    process.bound(memory)
    process.reply({"ready": True})
    asked = process.requests()
    for line, _ in asked:
        try:
            if line["do"] == "probe":
                process.reply(asdict(decode.probe(Path(line["path"]))))
            elif line["do"] == "read":
                _read(line, shared, asked)
        except BrokenPipeError:
            return
        except Exception as error:  # whatever the libraries raise on a hostile file is that file's verdict
            process.reply(_verdict(Path(line["path"]), error, memory))


def _read(line: Line, shared: int, asked: Iterator[tuple[Line, bytes]]) -> None:
    slots = _slots(mmap.mmap(shared, SLOTS * _slot_bytes(line["batch"], line["side"])), line["batch"], line["side"])
    read = decode.read(
        Path(line["path"]),
        line["side"],
        crop=line["crop"] and Box(**line["crop"]),
        mask=[Box(**box) for box in line["mask"]],
        start=line["start"],
        end=line["end"],
        into=_free([slot.frames for slot in slots], asked),
    )
    features = Features()
    for frames, slot in zip(read, cycle(slots), strict=False):
        if line["facts"]:
            slot.facts[: len(frames)] = features(frames.rgb, frames.time)
        process.reply({"frames": len(frames)})
    process.reply({"frames": 0})


def _free(slots: list[Frames], asked: Iterator[tuple[Line, bytes]]) -> Iterator[Frames]:
    """The slots in turn, each as soon as the parent has copied what was in it."""
    for number in count():
        if number >= SLOTS:
            next(asked)
        yield slots[number % SLOTS]


def _verdict(path: Path, error: Exception, memory: int) -> Line:
    if isinstance(error, VideoError):
        return {"error": str(error), "kind": type(error).__name__}
    if isinstance(error, MemoryError):
        return {"error": f"{path.name}: decoding it takes more than {memory >> 20} MB.", "kind": "VideoError"}
    if type(error) is ValueError:  # a box; what libraries raise is of a type of their own
        return {"error": str(error), "kind": "ValueError"}
    return {"error": f"{path.name}: decoding it failed ({type(error).__name__}).", "kind": "VideoError"}


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
