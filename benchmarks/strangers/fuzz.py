"""Damaged videos and shards, with fixed seeds: each must get a clear verdict, and cost nothing but itself.

Truncated, bits flipped, headers of noise, stretches of zeros, stretches moved. A verdict is frames or a `VideoError`
for a video, a chunk or a reject for a member of a shard; the error names the file. Sound files are read in between:
they must come out whole.
"""

import gc
import io
import json
import os
import resource
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from benchmarks.figures import Figure
from nitro_ml.games.recorder.record import record
from nitro_ml.games.recorder.shard import Published, write_shard
from nitro_ml.nitrogen.chunk import Chunk
from nitro_ml.nitrogen.reader import read_shard
from nitro_ml.sandbox.video import Decoder
from nitro_ml.video.decode import VideoError

VIDEOS, MEMBERS, ARCHIVES = 1500, 450, 100
QUICK = 40, 16, 4
FASTSTART = {"movflags": "faststart"}
FORMATS: tuple[tuple[str, dict[str, str]], ...] = (("mp4", {}), ("mp4", FASTSTART), ("mkv", {}))
SOUND_EVERY = 50
GROWTH = 64.0  # MB that this process may grow by; allocators keep some


@dataclass
class Found:
    """What went wrong (names of damaged files), and how many got which verdict."""

    unclear: list[str]
    stopped: list[str]
    accepted: int = 0
    refused: int = 0


def run(quick: bool = False) -> list[Figure]:
    """Counts against goals of none."""
    videos, members, archives = QUICK if quick else (VIDEOS, MEMBERS, ARCHIVES)
    found = Found([], [])
    with tempfile.TemporaryDirectory(prefix="nitro-fuzz-") as name:
        folder = Path(name)
        files = _chunk_files(folder)
        _videos(folder, min(videos, 10), Found([], []))  # imports, pools: what stays once
        before, memory = _descriptors(), _memory()
        _videos(folder, videos, found)
        _members(folder / "members", files, members, found)
        _archives(folder, archives, found)
        gc.collect()
        left, grown = _descriptors() - before, (_memory() - memory) / 2**20
    return [
        Figure("damaged files", float(videos + members + archives), "files"),
        Figure("of them accepted", float(found.accepted), "files"),
        Figure("of them refused", float(found.refused), "files"),
        Figure("without a clear verdict", float(len(found.unclear)), "files", 0.0, "lower"),
        Figure("that cost a sound file", float(len(found.stopped)), "files", 0.0, "lower"),
        Figure("file descriptors left open", float(left), "descriptors", 0.0, "lower"),
        Figure("memory kept", grown, "MB", GROWTH, "lower"),
    ]


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """The bytes after one of five accidents."""
    whole = np.frombuffer(data, np.uint8).copy()
    at = int(rng.integers(len(whole)))
    length = int(rng.integers(1, max(2, len(whole) // 8)))

    def flipped() -> None:
        places = rng.integers(0, len(whole), int(rng.integers(1, 65)))
        whole[places] ^= np.left_shift(1, rng.integers(0, 8, len(places))).astype(np.uint8)

    def header() -> None:
        whole[: min(len(whole), int(rng.integers(1, 257)))] = rng.integers(0, 256, dtype=np.uint8)
        whole[: min(len(whole), 64)] = rng.integers(0, 256, min(len(whole), 64), dtype=np.uint8)

    def zeroed() -> None:
        whole[at : at + length] = 0

    def moved() -> None:
        whole[at : at + length] = np.roll(whole, int(rng.integers(len(whole))))[at : at + length]

    accidents: tuple[Callable[[], None] | None, ...] = (None, flipped, flipped, header, zeroed, moved)
    accident = accidents[int(rng.integers(len(accidents)))]
    if accident is None:
        return bytes(whole[:at])
    accident()
    return bytes(whole)


def _videos(folder: Path, count: int, found: Found) -> None:
    sound = [_film(folder / f"sound{i}.{ext}", options) for i, (ext, options) in enumerate(FORMATS)]
    with Decoder(stall=20.0) as decoder:
        for number in range(count):
            source = sound[number % len(sound)]
            path = folder / f"damaged-{number}{source.suffix}"
            path.write_bytes(damaged(source.read_bytes(), np.random.default_rng([1, number])))
            try:
                frames = sum(len(part) for part in decoder.read(path, 32))
                found.accepted += 1
                if not frames:
                    found.unclear.append(path.name)
            except VideoError as error:
                found.refused += 1
                if not str(error).startswith(path.name):
                    found.unclear.append(path.name)
            path.unlink()
            if number % SOUND_EVERY == 0 and sum(len(part) for part in decoder.read(source, 32)) != 45:
                found.stopped.append(path.name)


def _members(root: Path, files: dict[str, bytes], count: int, found: Found) -> None:
    """A shard in a folder: each chunk has a damaged file, every tenth is sound."""
    sound = set()
    for number in range(count):
        rng = np.random.default_rng([2, number])
        target = root / "actions" / "SHARD_0000" / "film" / f"film_chunk_{number:04d}"
        target.mkdir(parents=True)
        victim = list(files)[int(rng.integers(len(files)))] if number % 10 else None
        if victim is None:
            sound.add(number)
        for name, data in files.items():
            data = _numbered(data, number) if name == "metadata.json" else data
            (target / name).write_bytes(damaged(data, rng) if name == victim else data)
    found.accepted -= len(sound)
    seen = set()
    for item in read_shard(str(root), "SHARD_0000"):
        if isinstance(item, Chunk):
            found.accepted += 1
            seen.add(item.chunk)
        else:
            found.refused += 1
            if "film" in item.item or not item.message:
                found.unclear.append(item.item)
    found.stopped += [f"chunk {number}" for number in sound - seen]


def _archives(folder: Path, count: int, found: Found) -> None:
    """The same shard as an archive, damaged as a whole."""
    whole = (folder / "actions" / "SHARD_0000.tar.gz").read_bytes()
    for number in range(count):
        path = folder / f"archive-{number}" / "actions" / "SHARD_0000.tar.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(damaged(whole, np.random.default_rng([3, number])))
        items = list(read_shard(str(path.parents[1]), "SHARD_0000"))
        refused = [item for item in items if not isinstance(item, Chunk)]
        found.refused += bool(refused)
        found.accepted += not refused
        if not items or not all(item.message for item in refused):
            found.unclear.append(f"archive {number}")
        path.unlink()


def _chunk_files(folder: Path) -> dict[str, bytes]:
    """The files of one sound chunk, as the arcade publishes them; the archive of it stays in `folder`."""
    recording = record("pong", 60, 3, folder / "pong.mp4", labelled=True)
    archive = write_shard(folder, 0, [Published(recording, "youtube", "film", "https://example.org/film")])
    with tarfile.open(archive) as tar:
        members = [(member.name.rsplit("/", 1)[-1], tar.extractfile(member)) for member in tar]
        return {name: file.read() for name, file in members if file}


def _numbered(metadata: bytes, number: int) -> bytes:
    return json.dumps({**json.load(io.BytesIO(metadata)), "chunk_id": f"{number:04d}"}).encode()


def _film(path: Path, options: dict[str, str]) -> Path:
    """45 frames of noise, small, with B frames."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "veryfast", "crf": "35"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, "yuv420p", 15
        for image in _noise():
            container.mux(stream.encode(VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _noise() -> Iterator[np.ndarray]:
    rng = np.random.default_rng(7)
    ground = rng.integers(0, 256, (12, 32, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    for i in range(45):
        yield np.ascontiguousarray(ground[:, i : i + 64])


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def _memory() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
