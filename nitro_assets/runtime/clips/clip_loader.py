"""Footage as clips: from the cache, or fetched again, decoded and deleted; one's own files are read where they lie.

A clip's frames are at the model's resolution. A NitroGen clip is cropped to the game and its controller overlay is
masked before anything else sees it.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nitro_assets.fetch.download import downloaded
from nitro_assets.fetch.folder import anonymous, opened
from nitro_assets.fetch.guards.refusals import FetchError
from nitro_assets.lake.files.cache import ClipCache, StoredClip
from nitro_assets.lake.files.footage_files import footage_files
from nitro_assets.lake.files.video_downloads import video_downloads
from nitro_assets.recording import is_recording
from nitro_assets.runtime.failures import Failures
from nitro_assets.runtime.job import Job, Refused
from nitro_assets.settings import Settings
from nitro_ml.core.actions import BUTTONS, STICKS, Actions
from nitro_ml.core.box import Box
from nitro_ml.core.clip import Clip
from nitro_ml.core.files.spill import Spill
from nitro_ml.core.timeline import nearest
from nitro_ml.nitrogen.label_correction import UNNAMED, Correction, correct, corrections
from nitro_ml.nitrogen.label_correction import Video as Labelled
from nitro_ml.sandbox.video import Decoder
from nitro_ml.video.decode import Frames, VideoError, VideoInfo

BLOCK = 20.0
"""Seconds of an unlabelled video in one cached clip: as long as a NitroGen chunk."""
VIDEOS = 32
"""Videos whose labels are in memory at a time."""
HEADS = 16
"""Clips whose first bytes are read at a time."""
FETCHED = 0.2
"""The share of a training's work that its footage is said to be."""

Row = Mapping[str, Any]
Read = Callable[[Decoder, Path, Row], Frames]


@contextmanager
def fetched(settings: Settings, address: str, video_key: str) -> Iterator[Path]:
    """A video of the index: the downloaded file, deleted afterwards, or a recording of one's own, as it lies there.

    A download waits for room. It lies in the cache, where a later run finds what a killed one left; elsewhere if
    another process fetches it too. Raises `FetchError`.
    """
    with ExitStack() as held:
        if is_recording(address):
            yield held.enter_context(opened(address, video_key, settings))
            return
        folder = held.enter_context(video_downloads(settings).enter(video_key)) if settings.cache_gb else None
        folder = folder or Path(held.enter_context(tempfile.TemporaryDirectory(prefix="nitro-video-")))
        yield held.enter_context(downloaded(address, folder, video_key, settings))


@dataclass
class ClipLoader:
    """Clips of many videos at one resolution; what could not be had is in `refused`.

    found: what is known of the labels of NitroGen's videos; where it isn't given, it is found out from their clips.
    failed: (video_key, chunk) of what couldn't be fetched or decoded.
    """

    job: Job
    cache: ClipCache
    size: int
    refused: list[Refused] = field(default_factory=list)
    found: dict[Labelled, Correction] | None = None
    failed: set[tuple[str, int]] = field(default_factory=set)
    spill: Spill = field(init=False)

    def __post_init__(self) -> None:
        self.spill = Spill(self.job.settings.training)

    def fetch_nitrogen(self, chunks: pl.DataFrame) -> None:
        """Into the cache what of these rows of `nitrogen_chunks` isn't there."""
        self._fetch_missing(chunks, self._nitrogen_addresses(), _chunk_name, self._read_chunk)

    def fetch_pseudo(self, blocks: pl.DataFrame) -> None:
        """Into the cache what of these rows, as `pseudo` takes them, isn't there."""
        self._fetch_missing(blocks, self._index_addresses(), _block_name, self._read_block)

    def nitrogen(self, chunks: pl.DataFrame) -> list[Clip]:
        """Labelled clips of rows of `nitrogen_chunks`, in their order; a frame's inputs are those nearest in time.

        Rows may have a `weight` beside their own columns, which is the clip's.

        Labels that are early, late or upside down beside their pictures are put right, and those of which it isn't
        certain refused, with a row that tells either.
        """
        found = self._all(chunks, self._nitrogen_addresses(), _chunk_name, self._read_chunk)
        clips = []
        for row, frames, labelled, actions in self._beside_labels(found):
            held = self.kept(actions[nearest(labelled, frames.time)])
            game, weight = row["game"] or UNNAMED, row.get("weight", 1.0)
            clips.append(Clip(frames.rgb, self.spill.keep(frames.time), game, row["video_key"], held, weight))
        if self.found is None:
            self.job.progress(FETCHED, "holding labels against their pictures")
            self.found = corrections(clips)
            mended = [(key, finding) for (_, key), finding in self.found.items() if not finding.is_sound]
            self.refused += [
                Refused(f"a video's labels, {f.refused or 'put right'}", f.description, key) for key, f in mended
            ]
        return correct(clips, self.found)

    def pseudo(self, blocks: pl.DataFrame) -> list[tuple[Row, StoredClip]]:
        """Frames of rows with `video_key` and `chunk` (the number of the 20 s block), in their order."""
        return self._all(blocks, self._index_addresses(), _block_name, self._read_block)

    def _nitrogen_addresses(self) -> dict[str, str | Path]:
        addresses = dict(self.job.lake.read("nitrogen_videos").select("video_key", "address").collect().iter_rows())
        return addresses | footage_files(self.job.lake, self.job.settings)

    def _index_addresses(self) -> dict[str, str | Path]:
        return dict(self.job.lake.read("video_index").select("video_key", "address").collect().iter_rows())

    def kept(self, actions: Actions) -> Actions:
        """The same, in a file: memory doesn't grow with the hours of labels."""
        return Actions(self.spill.keep(actions.buttons), self.spill.keep(actions.sticks))

    def _beside_labels(
        self, found: list[tuple[Row, StoredClip]]
    ) -> Iterator[tuple[Row, StoredClip, NDArray[np.float64], Actions]]:
        """Each clip with the times and inputs of its labels, which are read for a few videos at a time."""
        table = self.job.lake.read("nitrogen_frames")
        for every in few_videos(found):
            shards, keys = ({row[name] for row, _ in every} for name in ("nitrogen_shard", "video_key"))
            wanted = pl.col("nitrogen_shard").is_in(list(shards)) & pl.col("video_key").is_in(list(keys))
            rows = table.filter(wanted).collect()
            labels = rows.partition_by("video_key", "chunk", as_dict=True)
            for row, frames in every:
                part = labels[row["video_key"], row["chunk"]].sort("frame")
                actions = Actions(part.select(BUTTONS).to_numpy(), part.select(STICKS).to_numpy())
                yield row, frames, part["time"].to_numpy(), actions

    def _all(
        self,
        wanted: pl.DataFrame,
        addresses: Mapping[str, str | Path],
        name: Callable[[Row], str],
        read: Read,
    ) -> list[tuple[Row, StoredClip]]:
        """Every wanted clip that can be had; missing ones are fetched."""
        self._fetch_missing(wanted, addresses, name, read)
        rows = list(wanted.iter_rows(named=True))
        with ThreadPoolExecutor(HEADS) as pool:  # a bucket answers many at a time
            found = pool.map(lambda row: self._cached(row, name), rows)
            return [(row, clip) for row, clip in zip(rows, found, strict=True) if clip]

    def _fetch_missing(
        self,
        wanted: pl.DataFrame,
        addresses: Mapping[str, str | Path],
        name: Callable[[Row], str],
        read: Read,
    ) -> None:
        """The videos of clips that aren't in the cache, several at a time. A path instead of an address is a file that
        lies here."""
        rows = list(wanted.iter_rows(named=True))
        missing: dict[str, list[Row]] = {}
        here = {key: self.cache.names(self.size, key) for key in {row["video_key"] for row in rows}}
        for row in rows:
            if name(row) not in here[row["video_key"]]:
                missing.setdefault(row["video_key"], []).append(row)
        failures = Failures.of_videos(self.job.lake, self.job.settings, missing)
        for key in list(missing):
            if failure := failures.waiting(key, str(addresses[key])):
                self.refused.append(Refused("a video", str(failure), key, failure))
                self.failed.update(_chunks_of(missing.pop(key)))
        own = threading.local()
        with ExitStack() as ends:

            def begin() -> None:
                own.decoder = ends.enter_context(Decoder())  # one a thread, for all its videos

            def one(key: str) -> list[Refused]:
                try:
                    return self._fetch(own.decoder, key, addresses[key], missing[key], name, read)
                except FetchError as error:
                    self.failed.update(_chunks_of(missing[key]))
                    again = failures.again(key, str(addresses[key]), error.reason)
                    return [Refused("a video", str(error), key, again)]

            with ThreadPoolExecutor(os.cpu_count(), initializer=begin) as pool:
                for number, refused in enumerate(pool.map(one, missing)):
                    self.refused += refused
                    told = f"fetching footage: {number + 1} of {len(missing)} videos"
                    self.job.progress(FETCHED * (number + 1) / len(missing), told)

    def _cached(self, row: Row, name: Callable[[Row], str]) -> StoredClip | None:
        found = self.cache.get(self.size, row["video_key"], name(row))
        return found if found and len(found.time) else None

    def _fetch(
        self, decoder: Decoder, key: str, address: str | Path, rows: list[Row], name: Callable[[Row], str], read: Read
    ) -> list[Refused]:
        """Clips of one video into the cache; what is refused of them. Raises `FetchError`."""
        refused = []
        there = anonymous(address, key) if isinstance(address, Path) else fetched(self.job.settings, address, key)
        with there as video:
            for row in rows:
                try:
                    frames = read(decoder, video, row)
                except (VideoError, ValueError) as error:
                    refused.append(Refused(f"{name(row)} of a video", str(error), key))
                    self.failed.update(_chunks_of([row]))
                else:
                    self.cache.put(self.size, key, name(row), frames.rgb, frames.time)
        return refused

    def _read_chunk(self, decoder: Decoder, video: Path, row: Row) -> Frames:
        overlay, area = boxes(row, decoder.probe(video))
        return self._stretch(decoder, video, row["start_time"], row["end_time"], crop=area, mask=[overlay])

    def _read_block(self, decoder: Decoder, video: Path, row: Row) -> Frames:
        start = row["chunk"] * BLOCK
        return self._stretch(decoder, video, start, start + BLOCK)

    def _stretch(self, decoder: Decoder, video: Path, start: float, end: float, **options: Any) -> Frames:
        """The frames with start <= time < end. Raises `VideoError` where there is none."""
        found = list(decoder.read(video, self.size, start=start, end=end, **options))
        if not found:
            raise VideoError(f"{video.name}: no frame in the stretch that was asked for; the video ends before it.")
        return Frames(np.concatenate([p.rgb for p in found]), np.concatenate([p.time for p in found]))


def few_videos(found: Iterable[tuple[Row, StoredClip]]) -> Iterator[list[tuple[Row, StoredClip]]]:
    """The clips of `VIDEOS` videos at a time."""
    videos: dict[str, list[tuple[Row, StoredClip]]] = {}
    for row, frames in found:
        videos.setdefault(row["video_key"], []).append((row, frames))
    every = list(videos.values())
    for start in range(0, len(every), VIDEOS):
        yield [clip for clips in every[start : start + VIDEOS] for clip in clips]


def _chunk_name(row: Row) -> str:
    return f"chunk-{row['chunk']:05d}"


def _block_name(row: Row) -> str:
    return block_name(row["chunk"])


def _chunks_of(rows: Iterable[Row]) -> set[tuple[str, int]]:
    return {(row["video_key"], row["chunk"]) for row in rows}


def block_name(block: int) -> str:
    """The cache's name for a 20 s block of an unlabelled video."""
    return f"block-{block:05d}"


def boxes(row: Row, info: VideoInfo) -> tuple[Box, Box | None]:
    """The overlay's box and the game's area of a row of `nitrogen_chunks`, in pixels of the file's upright picture.

    Whoever labelled a turned file without turning it drew the boxes on the stored picture: its sides tell.
    """
    turned = info.turn % 2 and info.width != info.height
    lying = bool(turned) and (row["width"] > row["height"]) == (info.height > info.width)
    width, height = (info.height, info.width) if lying else (info.width, info.height)
    overlay = _scaled(row, "overlay", width / row["width"], height / row["height"])
    area = None if row["area_w"] is None else _scaled(row, "area", width, height)
    return (info.upright(overlay), area and info.upright(area)) if lying else (overlay, area)


def _scaled(row: Row, box: str, x: float, y: float) -> Box:
    """A box of the row in pixels of the file at hand, grown to whole pixels."""
    left, top = int(row[f"{box}_x"] * x), int(row[f"{box}_y"] * y)
    right = min(int(np.ceil((row[f"{box}_x"] + row[f"{box}_w"]) * x)), int(x) if box == "area" else 1 << 30)
    bottom = min(int(np.ceil((row[f"{box}_y"] + row[f"{box}_h"]) * y)), int(y) if box == "area" else 1 << 30)
    return Box(left, top, right - left, bottom - top)
