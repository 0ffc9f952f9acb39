"""Small shards in NitroGen's layout, for tests."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nitro_ml.core.actions import BUTTONS

VIDEO = "Secret0video"  # no reject may show it
FRAMES = 40
Files = dict[str, bytes]


def table(frames: int = FRAMES, seed: int = 0, dtype: Any = bool, **columns: Any) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    buttons = {name: (rng.random(frames) > 0.5).astype(dtype) for name in BUTTONS}
    sticks = {name: rng.uniform(-1, 1, (frames, 2)).tolist() for name in ("j_left", "j_right")}
    return pl.DataFrame({**buttons, **sticks, **columns})


def parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def metadata(chunk: int = 0, frames: int = FRAMES, video: dict[str, Any] | None = None, **fields: Any) -> bytes:
    original = {
        "resolution": [240, 320],
        "video_id": VIDEO,
        "source": "youtube",
        "url": f"https://youtu.be/{VIDEO}",
        "start_time": 20.0 * chunk,
        "end_time": 20.0 * (chunk + 1),
    }
    found = {
        "uuid": f"{VIDEO}_chunk_{chunk:04d}_actions",
        "chunk_id": f"{chunk:04d}",
        "chunk_size": frames,
        "original_video": {**original, **(video or {})},
        "game": "pong",
        "controller_type": "xbox",
        "bbox_controller_overlay": [10, 190, 100, 40],
    }
    return json.dumps({**found, **fields}).encode()


def path(chunk: int, name: str, video: str = VIDEO) -> str:
    return f"SHARD_0000/{video}/{video}_chunk_{chunk:04d}/{name}"


def chunk_files(chunk: int = 0, both: bool = False, **changed: bytes | None) -> Files:
    """A good chunk, by path, with `both` label files; `changed` replaces (or leaves out) metadata, raw or processed."""
    kept: dict[str, bytes | None] = {"metadata": metadata(chunk), "raw": parquet(table(seed=chunk))}
    if both:
        kept["processed"] = parquet(table(seed=100 + chunk))
    kept.update(changed)
    names = {"metadata": "metadata.json", "raw": "actions_raw.parquet", "processed": "actions_processed.parquet"}
    return {path(chunk, names[key]): data for key, data in kept.items() if data is not None}


def member(
    name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data), kind, link
    return info, data


def tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def write_folder(root: Path, files: Files) -> str:
    for name, data in files.items():
        (root / "actions" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "actions" / name).write_bytes(data)
    return str(root)


def write_archive(root: Path, content: bytes, name: str = "SHARD_0000") -> str:
    """`content` as it is, so that a test can damage it."""
    (root / "actions").mkdir(parents=True, exist_ok=True)
    (root / "actions" / f"{name}.tar.gz").write_bytes(content)
    return str(root)
