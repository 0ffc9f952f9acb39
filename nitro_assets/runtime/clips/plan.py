"""What a training will take before it takes it: videos, hours, bytes to fetch and to keep, memory, time."""

import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from nitro_assets.lake.files.cache import ClipCache
from nitro_assets.lake.files.footage_files import footage_files
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State
from nitro_assets.recording import is_recording
from nitro_assets.settings import Settings
from nitro_ml.models.idm.config import IDMRecipe
from nitro_ml.models.policy.config import load_recipe as load_policy
from nitro_ml.recipes import RecipeError
from nitro_ml.terminal.progress import lasting
from nitro_ml.terminal.table import tell
from nitro_ml.training.choice import Choice
from nitro_ml.training.mixture import MixtureRecipe
from nitro_ml.training.mixture import load_recipe as load_mixture

GB = 1e9
VIDEO_BYTES = 0.3 * GB / 3600
"""A second of a video at 360 lines, assumed: no site says it before the video is fetched (docs/labbook/sizing.md)."""
CLIP_BYTES: Mapping[int, float] = {64: 1200.0, 256: 6100.0}
"""A frame of a clip by the side of its picture (docs/adr/0087-clips-are-short-groups-of-h264.md); what lies between and
beyond follows the same power."""
LABEL_BYTES = 41.0
"""What a frame's labels and its time take in a file while it trains."""
PROCESS_GB = 2.0
"""What a training takes in memory, whatever its hours, 1 GB of it decoded frames (docs/labbook/speed.md)."""


@dataclass(frozen=True)
class Plan:
    """One training. `recipe`: KIND/NAME of the recipe whose `data` chose; seconds: of the training proper, None where
    none was measured; misfits: what there is no room for."""

    asset: str
    partition: str
    recipe: str
    asked: float
    videos: int
    hours_by_game: dict[str, float]
    download_gb: float
    clips_gb: float
    memory_gb: float
    seconds: float | None
    misfits: tuple[str, ...]

    @property
    def hours(self) -> float:
        """Of all games."""
        return sum(self.hours_by_game.values())

    @property
    def time(self) -> str:
        """For people."""
        return "unknown" if self.seconds is None else lasting(self.seconds)

    def __str__(self) -> str:
        return (
            f"{self.videos} videos, {self.hours:.2f} h; {self.download_gb:.2f} GB to download, {self.clips_gb:.2f} GB "
            f"of clips, {self.memory_gb:.1f} GB of memory; time to train: {self.time}"
        )

    def metadata(self) -> dict[str, Any]:
        """For Dagster."""
        return {"plan": str(self), "hours by game": {game: round(h, 3) for game, h in self.hours_by_game.items()}}

    def announce(self) -> None:
        """Say it before the training starts, where Dagster keeps what the worker prints. Raises `RecipeError` where it
        doesn't fit, with the field that mends it."""
        tell(f"{self.asset} {self.partition}: {self}", stderr=True)
        if self.misfits:
            raise RecipeError(
                f"{self.recipe}.yaml: data.hours: found {self.asked:g}, of which {self.hours:.1f} h of {self.videos} "
                f"videos were chosen; {'; '.join(self.misfits)}. Nothing was fetched. Ask for fewer hours in a recipe "
                "of your own, or raise what is named; `nitro plan` shows all trainings."
            )


def clip_bytes(size: int) -> float:
    """What a frame of a clip takes on disk at `size` x `size`."""
    (small, least), (large, most) = CLIP_BYTES.items()
    return float(least * (size / small) ** (math.log(most / least) / math.log(large / small)))


def plan_idm(state: State, recipe: IDMRecipe, chunks: pl.DataFrame) -> Plan:
    """Of an inverse dynamics model on these chunks."""
    chosen_by = (f"idm/{recipe.name}", recipe.data)
    return _plan(state, "idm_checkpoint", recipe.name, *chosen_by, chunks, recipe.resolution, recipe.steps)


def plan_on_mixture(
    state: State, asset: str, partition: str, mixture: str, rows: pl.DataFrame, size: int, steps: int
) -> Plan:
    """Of a model that is trained on the rows of a mixture."""
    return _plan(state, asset, partition, f"mixture/{mixture}", load_mixture(mixture).data, rows, size, steps)


def plan_mixture(state: State, mixture: str, recipe: MixtureRecipe, rows: pl.DataFrame) -> Plan:
    """Of the policy that is trained on these rows of a mixture."""
    policy = load_policy(recipe.policy)
    return plan_on_mixture(state, "policy_checkpoint", mixture, mixture, rows, policy.resolution, policy.steps)


def _plan(
    state: State, asset: str, partition: str, recipe: str, choice: Choice, rows: pl.DataFrame, size: int, steps: int
) -> Plan:
    """On `rows`: `video_key`, `start`, `end`, `frames` and `game`; clips of `size` x `size`."""
    settings, frames = state.settings, int(rows["frames"].sum())
    hours = rows.group_by(pl.col("game").fill_null("other")).agg((pl.col("end") - pl.col("start")).sum() / 3600)
    cached = ClipCache(settings.cache).videos(size) if settings.cache_gb else set()
    there = pl.col("video_key").is_in(list(cached))
    missing = rows.filter(~there)
    download = _seconds(state.lake, settings, missing) * VIDEO_BYTES / GB
    clips, labels = frames * clip_bytes(size) / GB, frames * LABEL_BYTES / GB
    new = int(missing["frames"].sum()) * clip_bytes(size) / GB + min(download, settings.download_gb) + labels
    return Plan(
        asset,
        partition,
        recipe,
        choice.hours,
        rows["video_key"].n_unique(),
        dict(sorted(hours.iter_rows(), key=lambda row: (-row[1], row[0]))),
        download,
        clips,
        PROCESS_GB,
        _training_seconds(state, asset, partition, steps),
        _misfits(settings, download, clips, new),
    )


def _seconds(lake: Lake, settings: Settings, rows: pl.DataFrame) -> float:
    """Of whole videos that have to be fetched: what the index says, else up to the last chunk's end."""
    keys = rows["video_key"].unique().to_list()
    here = set(footage_files(lake, settings))
    labelled = lake.read("nitrogen_chunks").filter(pl.col("video_key").is_in(keys)).group_by("video_key")
    known = dict(rows.group_by("video_key").agg(pl.max("end")).iter_rows())
    known |= dict(labelled.agg(pl.max("end_time")).collect().iter_rows())
    index = lake.read("video_index").filter(pl.col("video_key").is_in(keys)).select("video_key", "address", "duration")
    for key, address, duration in index.collect().iter_rows():
        known[key] = 0.0 if is_recording(address) else max(duration or 0.0, known[key])
    return sum(length for key, length in known.items() if key not in here)


def _training_seconds(state: State, asset: str, partition: str, steps: int) -> float | None:
    """At the pace of the last training by the same recipe; footage that has to be fetched comes on top."""
    record = state.records.get((asset, partition))
    return record.seconds / record.made * steps if record and record.made and record.seconds else None


def _misfits(settings: Settings, download: float, clips: float, new: float) -> tuple[str, ...]:
    found = []
    if download > settings.fetch_gb:
        found.append(f"to download are {download:.1f} GB, allowed {settings.fetch_gb:g} (NITRO_FETCH_GB)")
    if settings.cache_gb and clips > settings.cache_gb:
        found.append(f"their clips are {clips:.1f} GB, allowed {settings.cache_gb:g} (NITRO_CACHE_GB)")
    free = _free(settings.cache)
    if new > free:
        found.append(f"{new:.1f} GB would be written where {free:.1f} are free (NITRO_CACHE)")
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GB
    if there < PROCESS_GB:
        found.append(f"the training takes {PROCESS_GB:.1f} GB of memory, there are {there:.1f}")
    return tuple(found)


def _free(cache: str) -> float:
    """GB free on the disk of the cache; without an end in a bucket."""
    if "://" in cache:
        return math.inf
    there = next(path for path in (Path(cache).absolute(), *Path(cache).absolute().parents) if path.exists())
    return shutil.disk_usage(there).free / GB
