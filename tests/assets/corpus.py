"""A small corpus to label: a loopback site with short videos, its index, and a checkpoint that was hardly trained.

Everything is real but the index, whose rows are written as its worker writes them.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from demo.site import serve
from nitro_assets.assets import ASSETS
from nitro_assets.assets.pseudo_labels.label_video import LabelConfig, VideoTask
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import index_version
from nitro_assets.runtime.job import Job, Outcome, make
from nitro_assets.settings import Settings
from nitro_ml.models.idm.config import load_recipe
from nitro_ml.models.idm.train import train
from tests.assets.rows import fit
from tests.ml.moving import square_clip, write_video

SHARD = "0000"
FRAMES = 150


def write_checkpoint(root: Path, seed: int = 1) -> Path:
    """A checkpoint of the smallest window model, after two steps."""
    tiny = {"resolution": 32, "steps": 2, "stretches": 2, "length": 8, "seed": seed}
    recipe = load_recipe("window").model_copy(update=tiny)
    return train(recipe, [square_clip(s, frames=60) for s in range(3)], root, {"name": "tiny"}).path


def promote(lake: Lake, folder: Path) -> str:
    """Put the checkpoint into the lake and let it label."""
    checkpoints = Checkpoints(lake)
    before = checkpoints.promoted("idm_checkpoint")
    if before:
        checkpoints.change(before, "retired", "for the test")
    name = checkpoints.put(folder)
    checkpoints.set(name, "idm_checkpoint", "window", "promoted", "for the test")
    return name


def key(number: int) -> str:
    return f"{number:032x}"


@contextmanager
def site(home: Path, count: int) -> Iterator[str]:
    """The address of a site with so many videos, `video0` on."""
    (home / "videos").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write_video(home / "videos" / f"video{number}.mp4", square_clip(number, frames=FRAMES).frames[:])
    entry = {"channel": "ours", "licence": "CC0-1.0", "date": "2026-01-01", "description": "Licence: CC0-1.0"}
    pages = [{"id": f"video{n}", "title": "a title", "file": f"video{n}.mp4", **entry} for n in range(count)]
    (home / "site.json").write_text(json.dumps(pages))
    with serve(home) as address:
        yield address


def index(lake: Lake, settings: Settings, address: str, numbers: Sequence[int], shard: str = SHARD) -> None:
    """The shard's index: these videos of the site, all kept."""

    def build(job: Job, partition: str) -> Outcome:
        rows: list[dict[str, object]] = [
            {"video_key": key(n), "address": f"{address}/watch/video{n}", "game": "square", "keep": True}
            for n in numbers
        ]
        job.lake.write("video_index", partition, fit("video_index", rows))
        return Outcome(len(rows), version=index_version(job.lake, partition))

    make(worker(lake, settings, "video_index"), build, shard)


def orders(lake: Lake, settings: Settings, out: str) -> tuple[LabelConfig, list[VideoTask]]:
    """What an engine is given to label all videos of the index, their rows to be left at `out`."""
    checkpoint = Checkpoints(lake).promoted("idm_checkpoint") or ""
    size = Checkpoints(lake).card(checkpoint)["recipe"]["resolution"]
    rows = lake.read("video_index").select("video_key", "address", "game").sort("video_key").collect()
    return LabelConfig(settings, checkpoint, size, out), [VideoTask(*row) for row in rows.iter_rows()]


def worker(lake: Lake, settings: Settings, asset: str = "pseudo_labels") -> Job:
    return Job(settings, lake, ASSETS[asset], lambda fraction, message: None)


def environment(settings: Settings) -> dict[str, str]:
    """The settings as a worker process reads them."""
    names = (
        "lake",
        "nitrogen",
        "cache",
        "secret_file",
        "ledger_key",
        "witness",
        "inbox",
        "corpus_shards",
        "allow_loopback",
        "min_seconds",
        "min_height",
    )
    return {f"NITRO_{name.upper()}": str(getattr(settings, name)) for name in names}
