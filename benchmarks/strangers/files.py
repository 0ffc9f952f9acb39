"""Generated video files against their known right answers: a part of `nitro bench field`.

Each is of a kind drawn by chance (`films.drawn`), under a name that is a pattern elsewhere, and has a fate: as it is,
cut in the middle of its pictures, or two recordings one after the other. A whole one must give every frame, upright,
at its time, the same from any start; a cut one must be refused, or, where the container can't tell, give what is
there. One process decodes them all, and a sound file in between must come out whole.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure
from benchmarks.strangers.films import Kind, drawn, numbers, written
from nitro_ml.sandbox.video import Decoder
from nitro_ml.video.decode import VideoError

FILES, QUICK = 2_000, 40
SIZE = 48
SOUND_EVERY = 50
TICK = 0.0021  # s; Matroska and FLV round two times to 1 ms
PYRAMID = 3
"""Frames before the last one that a cut may take: they are stored after it."""
SILENT = ("ts", "mkv, live")
"""Containers that don't say where they end."""


@dataclass
class Found:
    """Numbers of files, by what went wrong."""

    refused: list[int] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)


def files(quick: bool) -> list[Figure]:
    """Counts against goals of none."""
    count, found = QUICK if quick else FILES, Found()
    with tempfile.TemporaryDirectory(prefix="nitro-field-") as name, Decoder(stall=30.0) as decoder:
        sound, right = Path(name) / "sound.mp4", Kind()
        written(right, sound)
        for number in range(count):
            one(number, Path(name), decoder, found)
            if number % SOUND_EVERY == 0 and numbers(_read(decoder, sound)[0], right) != list(range(right.frames)):
                found.stopped.append(number)
    return [
        Figure("generated video files", float(count), "files"),
        Figure("video files wrongly refused", float(len(found.refused)), "files", 0.0, "lower"),
        Figure("video files wrongly accepted", float(len(found.accepted)), "files", 0.0, "lower"),
        Figure("video files with a wrong frame, time or size", float(len(found.wrong)), "files", 0.0, "lower"),
        Figure("video files that stopped another", float(len(found.stopped)), "files", 0.0, "lower"),
    ]


def one(number: int, folder: Path, decoder: Decoder, found: Found) -> str:
    """Makes, judges and removes one file; says what it was, for whoever looks into it."""
    rng = np.random.default_rng(number)
    kind = drawn(rng)
    path = folder / f"title %d [{number}] *?{kind.suffix if rng.random() < 0.9 else '.mp4'}"
    times = written(kind, path, number)
    fate, judge = _fate(kind, path, times, rng)
    try:
        judge(decoder, path, found, number)
    except VideoError:
        (found.refused if fate != "cut" else []).append(number)
    except Exception:  # whatever it is, nothing but a verdict on this file may come of it
        found.stopped.append(number)
    path.unlink()
    return f"{number}: {fate}, {kind}"


Judge = Callable[[Decoder, Path, Found, int], None]


def _fate(kind: Kind, path: Path, times: NDArray[np.float64], rng: np.random.Generator) -> tuple[str, Judge]:
    chance = rng.random()
    start = float(rng.uniform(0, times[-1]))
    if chance < 0.15 and kind.streams != "sound, longer":
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * rng.uniform(0.3, 0.7))])
        return "cut", lambda *what: _cut(kind, times, *what)
    if chance < 0.3 and kind.muxer == "mpegts":
        path.write_bytes(path.read_bytes() * 2)
        step = times[-1] - times[-2]
        joined = np.concatenate([times, times + times[-1] + step])
        return "joined", lambda *what: _whole(kind, joined, start + times[-1], *what)
    return "whole", lambda *what: _whole(kind, times, start, *what)


def _whole(
    kind: Kind, times: NDArray[np.float64], start: float, decoder: Decoder, path: Path, found: Found, number: int
) -> None:
    info = decoder.probe(path)
    rgb, time = _read(decoder, path)
    late_rgb, late = _read(decoder, path, start)
    late_ones = time >= start
    right = (
        (info.width, info.height) == kind.size
        and numbers(rgb, kind) == [n % kind.frames for n in range(len(times))]
        and np.abs(time - times).max() < _slack(kind, times)
        and np.array_equal(late, time[late_ones])
        and np.array_equal(late_rgb, rgb[late_ones])
    )
    if not right:
        found.wrong.append(number)


def _slack(kind: Kind, times: NDArray[np.float64]) -> float:
    """Seconds: a seam is closed by the step between stored frames, which isn't that between shown ones."""
    return TICK if len(times) == kind.frames else 0.5


def _cut(kind: Kind, times: NDArray[np.float64], decoder: Decoder, path: Path, found: Found, number: int) -> None:
    rgb, time = _read(decoder, path)
    if kind.container not in SILENT:
        found.accepted.append(number)
        return
    shown = np.array(numbers(rgb, kind)[:-1], int)  # the last may lack a part of its picture
    steps = np.diff(shown)
    gaps = (steps < 1).any() or (steps[:-PYRAMID] != 1).any()
    if gaps or np.abs(time[:-1] - times[shown]).max(initial=0.0) >= TICK:
        found.wrong.append(number)


def _read(decoder: Decoder, path: Path, start: float = 0.0) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    parts = list(decoder.read(path, SIZE, start=start))
    rgb = np.concatenate([part.rgb for part in parts]) if parts else np.empty((0, SIZE, SIZE, 3), np.uint8)
    return rgb, np.concatenate([part.time for part in parts]) if parts else np.empty(0)
