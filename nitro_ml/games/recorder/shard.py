"""Recordings as a shard in NitroGen's layout: `SHARD_0000.tar.gz` with 20 s chunks of labels, and no video.

Source: NitroGen dataset card. As there, the buttons' type differs between videos (boolean, integer, float), the
overlay's box is in pixels and the game's area relative, and `actions_processed` exists for some videos, for all their
chunks. The column `reward` is ours: what each frame's inputs brought, which the recorder knows.
"""

import gzip
import io
import json
import tarfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.games.recorder.record import Recording

CHUNK_SECONDS = 20
_TYPES = (pl.Boolean, pl.Int32, pl.Float64)  # one after the other, video by video
_PROCESSED_EVERY = 3


@dataclass(frozen=True)
class Published:
    """A labelled recording as the world knows it: on which site (`source`), under which id and address."""

    recording: Recording
    source: str
    video_id: str
    url: str


def actions_table(actions: Actions, dtype: type[pl.DataType] = pl.Boolean) -> pl.DataFrame:
    """NitroGen's columns: 17 buttons of type `dtype`, `j_left` and `j_right` as [x, y]."""
    buttons = {name: actions.buttons[:, i] for i, name in enumerate(BUTTONS)}
    sticks = {"j_left": actions.sticks[:, :2].tolist(), "j_right": actions.sticks[:, 2:].tolist()}
    schema = {"j_left": pl.List(pl.Float32), "j_right": pl.List(pl.Float32)}
    return pl.DataFrame({**buttons, **sticks}, schema_overrides=schema).with_columns(pl.col(BUTTONS).cast(dtype))


def write_shard(root: Path, number: int, videos: Sequence[Published]) -> Path:
    """Writes `root/actions/SHARD_number.tar.gz`; the last chunk of a video holds what is left of it.

    Raises ValueError for a recording without an overlay: it has no labels to publish.
    """
    shard = f"SHARD_{number:04d}"
    path = root / "actions" / f"{shard}.tar.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with (
        partial.open("wb") as file,
        gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for i, video in enumerate(videos):
            for name, data in _members(video, _TYPES[i % len(_TYPES)], i % _PROCESSED_EVERY == 1):
                member = tarfile.TarInfo(f"{shard}/{name}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return partial.replace(path)


def _members(video: Published, dtype: type[pl.DataType], processed: bool) -> Iterator[tuple[str, bytes]]:
    recording = video.recording
    length = CHUNK_SECONDS * recording.fps
    for chunk, start in enumerate(range(0, len(recording.actions), length)):
        actions = recording.actions[start : start + length]
        folder = f"{video.video_id}/{video.video_id}_chunk_{chunk:04d}"
        reward = pl.Series("reward", recording.rewards[start : start + length], pl.Float32)
        table = _parquet(actions_table(actions, dtype).with_columns(reward))
        yield f"{folder}/actions_raw.parquet", table
        if processed:
            yield f"{folder}/actions_processed.parquet", table
        yield f"{folder}/metadata.json", json.dumps(_metadata(video, chunk, start, len(actions)), indent=2).encode()


def _metadata(video: Published, chunk: int, start: int, frames: int) -> dict[str, Any]:
    recording, layout = video.recording, video.recording.layout
    if layout is None:
        raise ValueError(f"{recording.video.name}: has no controller overlay; only labelled recordings make a shard.")
    name = f"{video.video_id}_chunk_{chunk:04d}"
    return {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{video.url}#{name}")),
        "chunk_id": f"{chunk:04d}",
        "chunk_size": frames,
        "original_video": {
            "resolution": [layout.height, layout.width],
            "video_id": video.video_id,
            "source": video.source,
            "url": video.url,
            "start_time": start / recording.fps,
            "end_time": (start + frames) / recording.fps,
            "duration": frames / recording.fps,
            "start_frame": start,
            "end_frame": start + frames,
        },
        "game": recording.game,
        "controller_type": "xbox",
        "bbox_controller_overlay": [layout.overlay.x, layout.overlay.y, layout.overlay.w, layout.overlay.h],
        "bbox_game_area": {
            "xtl": layout.game.x / layout.width,
            "ytl": layout.game.y / layout.height,
            "xbr": (layout.game.x + layout.game.w) / layout.width,
            "ybr": (layout.game.y + layout.game.h) / layout.height,
        },
    }


def _parquet(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()
