"""A folder of recordings: videos, labels in NitroGen's layout, and the truth in files of its own."""

from pathlib import Path

import numpy as np
import polars as pl

from nitro_ml.core.files import parquet
from nitro_ml.core.labels import read_truth
from nitro_ml.core.observability import PREFIX, Visible, visible_frame
from nitro_ml.core.progress import Progress
from nitro_ml.games.recorder.counterfactual import visible
from nitro_ml.games.recorder.record import Recording, record
from nitro_ml.games.recorder.shard import Published, actions_table, write_shard

SITE = "http://127.0.0.1:8800"  # where `python -m demo.site --root DIR --port 8800` shows a folder


def record_to(
    folder: Path,
    game: str,
    frames: int,
    seed: int,
    *,
    labelled: bool = False,
    fps: int = 30,
    site: str = SITE,
    progress: Progress | None = None,
) -> list[Path]:
    """Plays, and adds to the folder: `videos/ID.mp4`, `truth/ID.actions.parquet` and `truth/ID.segments.parquet`.

    Labelled recordings add the next `actions/SHARD_0000.tar.gz` too, whose labels point to `site/watch/ID`.
    Returns the files written. Raises as `record` does.
    """
    number = _next(folder / "videos", f"{game}_*.mp4")
    name = f"{game}_{number:04d}"
    recording = record(
        game, frames, seed, folder / "videos" / f"{name}.mp4", labelled=labelled, fps=fps, progress=progress
    )
    written = [recording.video, *save_truth(recording, folder / "truth")]
    if labelled:
        shard = _next(folder / "actions", "SHARD_*.tar.gz")
        written.append(write_shard(folder, shard, [Published(recording, "generic", name, f"{site}/watch/{name}")]))
    return written


def save_truth(recording: Recording, folder: Path) -> list[Path]:
    """Writes what was held and by whom (NitroGen's columns with `frame`, `time`, `player` and `reward`) and the
    segments, named after the video.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(
        {
            "frame": np.arange(len(recording.time)),
            "time": recording.time,
            "player": recording.players,
            "reward": recording.rewards,
        }
    )
    segments = pl.DataFrame(
        [(s.start, s.end, s.kind) for s in recording.segments],
        schema={"start": pl.Float64, "end": pl.Float64, "kind": pl.String},
        orient="row",
    )
    actions = pl.concat([frame, actions_table(recording.actions)], how="horizontal")
    stem = recording.video.stem
    return [
        _write(actions, folder / f"{stem}.actions.parquet"),
        _write(segments, folder / f"{stem}.segments.parquet"),
    ]


def add_visible(truth: Path, game: str, seed: int, fps: int = 30) -> Visible:
    """Finds out which inputs of a recording can be seen, and adds that to its truth file; see `counterfactual.visible`.

    The recording must be nothing but play (`labelled`, or without `screens`). Plays it once more and each input again:
    up to ten times the work of recording.
    """
    found = read_truth(truth, fps)
    mask = visible(game, seed, found.actions, fps)
    plain = parquet.read(truth).select(pl.exclude(f"^{PREFIX}.*$"))
    _write(pl.concat([plain, visible_frame(mask)], how="horizontal"), truth)
    return mask


def _write(table: pl.DataFrame, path: Path) -> Path:
    """The file appears when it is whole."""
    partial = path.with_suffix(".partial")
    table.write_parquet(partial)
    return partial.replace(path)


def _next(folder: Path, pattern: str) -> int:
    """The number after the highest one in use."""
    return max((int(p.name.split(".")[0].rsplit("_", 1)[1]) + 1 for p in folder.glob(pattern)), default=0)
