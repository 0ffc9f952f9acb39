"""One video from its address to its rows: `fetch` and `decode` make frames, `LabelVideo` infers and writes.

They are plain steps with a stream of `Seen` frames between them, so that they can run in threads of one process (the
local engine) or in two actors of a cluster. None knows Dagster or the tables. Memory is bounded whatever the
video's length; every frame is decoded once and encoded once.
"""

import io
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from nitro_assets.fetch.curate import Rules, unfit
from nitro_assets.fetch.guards.refusals import FetchError, Reason
from nitro_assets.lake import picture_facts, quantize
from nitro_assets.lake.files.cache import ClipCache, lasting_cache
from nitro_assets.lake.files.staging import put
from nitro_assets.runtime.clips.clip_loader import BLOCK, block_name, fetched
from nitro_assets.settings import Settings
from nitro_ml.core.files import parquet
from nitro_ml.core.labels import Labels, concat
from nitro_ml.sandbox.video import Decoder, Seen
from nitro_ml.segments.features import FrameFacts
from nitro_ml.video.decode import Frames, VideoError

ROWS = 65_536
"""Rows that are held before they go to disk, and rows of a group in a staged file."""


@dataclass(frozen=True)
class VideoTask:
    """One video to label; game: whose calibration to use, where it is known."""

    key: str
    address: str
    game: str | None = None


@dataclass(frozen=True)
class LabelConfig:
    """What all videos of a shard share: the settings, the checkpoint and the side of its frames, the folder (or URL)
    in which `KEY.parquet` is left."""

    settings: Settings
    checkpoint: str
    size: int
    out: str


@dataclass(frozen=True)
class Opened:
    """The first of a stream: what is done so that the picture is seen as meant, in words."""

    picture: str


@dataclass(frozen=True)
class EndOfStream:
    """The last of a stream: why the video was refused, or nothing. A stream without it was cut off (`CutOffError`).

    `reason`: the class of the error.
    """

    error: str = ""
    reason: Reason | None = None


Part = Opened | Seen | EndOfStream
"""What a video's stream is made of."""


class CutOffError(RuntimeError):
    """Whoever made a video's frames was lost before the last one; that says nothing about the video."""


@dataclass(frozen=True)
class VideoResult:
    """What became of one video: the number of rows, or the error and its class why there are none."""

    key: str
    rows: int
    seconds: float
    error: str = ""
    reason: Reason | None = None


@dataclass
class Fetched:
    """A video's file, which `held` gives back when closed; or why there is none."""

    order: VideoTask
    held: ExitStack
    video: Path | None = None
    end: EndOfStream = EndOfStream()


def fetch(setup: LabelConfig, order: VideoTask) -> Fetched:
    """Download one video; a recording of one's own is there."""
    found = Fetched(order, ExitStack())
    try:
        found.video = found.held.enter_context(fetched(setup.settings, order.address, order.key))
    except FetchError as error:
        found.end = EndOfStream(str(error), error.reason)
    return found


def decode(setup: LabelConfig, source: Fetched, clips: ClipCache, decoder: Decoder) -> Iterator[Part]:
    """The video's frames at the model's size and what segments are judged by; clips for the cache; the file goes.

    Whatever its page says, the file decides whether it is what the settings allow.
    """
    cached = _Clips(clips, setup.size, source.order.key) if setup.settings.cache_gb else None
    rules, frames, last = Rules.of(setup.settings), 0, 0.0
    with source.held:
        if source.video is None:
            yield source.end
            return
        try:
            info = decoder.probe(source.video)
            yield Opened(info.picture)
            problem = unfit(None, info.height, None, rules)
            for seen in () if problem else decoder.look(source.video, setup.size):
                frames, last = frames + len(seen.frames), float(seen.frames.time[-1])
                if last > rules.max_duration:
                    break
                if cached:
                    cached.add(seen.frames)
                yield seen
        except VideoError as error:
            yield EndOfStream(str(error), "damaged")
            return
        if problem := problem or _length(frames, last, rules):
            yield EndOfStream(f"{problem}.", "unfit")
            return
        if cached:
            cached.flush()
    yield EndOfStream()


def _length(frames: int, last: float, rules: Rules) -> str | None:
    """What is wrong with so many frames, the last of them at `last` seconds; it stays for as long as the others did."""
    if frames < 2 or last <= 0:
        return unfit(0.0, None, None, rules)
    duration = round(last * frames / (frames - 1), 2)
    return unfit(duration, None, round(frames / duration, 2) if duration else None, rules)


def fetch_and_decode(setup: LabelConfig, order: VideoTask, decoder: Decoder) -> Iterator[Part]:
    """Both steps, for an engine that has a process for them."""
    yield from decode(setup, fetch(setup, order), lasting_cache(setup.settings), decoder)


class LabelVideo:
    """A loaded IDM that turns the parts of a video into `OUT/KEY.parquet`.

    Columns: those of `pseudo_labels` and `video_features` but the shard. The file is there whole or not at all. Raises
    `CutOffError` where the parts have no `EndOfStream`.
    """

    def __init__(self, checkpoint: Path, name: str) -> None:
        from nitro_ml.models.idm.label import (
            Labeller,  # and torch with it: what only downloads and decodes needs neither
        )

        self.labeller, self.name = Labeller(checkpoint), name

    def __call__(self, order: VideoTask, parts: Iterable[Part], out: str) -> VideoResult:
        started, key = time.perf_counter(), order.key
        taken = _FrameStream(parts)
        with tempfile.TemporaryDirectory(prefix="nitro-rows-") as folder:
            files = list(self._rows(order, taken, Path(folder)))
            if taken.end is None:
                raise CutOffError("the process that decodes it, or its node, was lost before its last frame.")
            if taken.end.error or not files:
                end = taken.end if taken.end.error else EndOfStream("it has no frame.", "damaged")
                return VideoResult(key, 0, time.perf_counter() - started, end.error, end.reason)
            whole = files[0]
            if len(files) > 1:
                whole = Path(folder) / "whole.parquet"
                parquet.scan(files).sink_parquet(whole, row_group_size=ROWS)
            put(str(whole), out, key)
        return VideoResult(key, taken.rows, time.perf_counter() - started)

    def _rows(self, order: VideoTask, taken: "_FrameStream", folder: Path) -> Iterator[Path]:
        """Files of at most about ROWS rows, in order."""
        waiting: list[Labels] = []
        first = 0
        for labels in self.labeller.label(taken, order.game):
            waiting.append(labels)
            if (rows := sum(map(len, waiting))) >= ROWS:
                yield self._written(order, first, waiting, taken, folder)
                waiting, first = [], first + rows
        if waiting:
            yield self._written(order, first, waiting, taken, folder)

    def _written(self, order: VideoTask, first: int, parts: list[Labels], taken: "_FrameStream", folder: Path) -> Path:
        """Through memory: polars words a full disk as a damaged file."""
        labels, file = concat(parts), io.BytesIO()
        rows = quantize.quantize(labels, self.labeller.thresholds(order.game)).with_columns(
            *picture_facts.columns(taken.facts(len(labels))),
            video_key=pl.lit(order.key),
            frame=pl.int_range(first, first + len(labels), dtype=pl.Int32),
            checkpoint=pl.lit(self.name),
            picture=pl.lit(taken.picture),
        )
        rows.write_parquet(file, compression="zstd", compression_level=1, row_group_size=ROWS)
        path = folder / f"{first:012d}.parquet"
        path.write_bytes(file.getbuffer())
        return path


class _FrameStream:
    """The parts as frames for the labeller; the facts about them wait until the labels of the same frames are there."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = iter(parts)
        self.picture = ""
        self._waiting: list[FrameFacts] = []
        self.rows = 0
        self.end: EndOfStream | None = None

    def __iter__(self) -> Iterator[Frames]:
        for part in self._parts:
            if isinstance(part, EndOfStream):
                self.end = part
                return
            if isinstance(part, Opened):
                self.picture = part.picture
                continue
            self._waiting.append(part.facts)
            self.rows += len(part.frames)
            yield part.frames

    def facts(self, count: int) -> FrameFacts:
        """Those of the next `count` frames."""
        there = np.concatenate(self._waiting)
        self._waiting = [there[count:]]
        return there[:count]


class _Clips:
    """Frames on their way into the clip cache, a block of seconds at a time."""

    def __init__(self, clips: ClipCache, size: int, key: str) -> None:
        self._clips, self._size, self._key = clips, size, key
        self._block: list[Frames] = []

    def add(self, frames: Frames) -> None:
        number = (frames.time // BLOCK).astype(int)
        for block in np.unique(number):
            if self._block and self._block[0].time[0] // BLOCK != block:
                self.flush()
            self._block.append(Frames(frames.rgb[number == block], frames.time[number == block]))

    def flush(self) -> None:
        if self._block:
            times = np.concatenate([b.time for b in self._block])
            name = block_name(int(times[0] // BLOCK))
            self._clips.put(
                self._size, self._key, name, np.concatenate([b.rgb for b in self._block]), times, needed=False
            )
        self._block = []
