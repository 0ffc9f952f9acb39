"""Labelling by one Ray worker and by two, each kept on a core of its own: is twice the machine twice the speed?"""

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import ray

from benchmarks.figures import Figure
from benchmarks.labelling.corpus import PAGE, bare_settings
from demo.site import serve
from nitro_assets.assets.pseudo_labels.label_video import LabelConfig, VideoTask
from nitro_assets.assets.pseudo_labels.ray_engine import RayEngine
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_ml.games.recorder.record import record
from nitro_ml.models.idm.config import load_recipe
from nitro_ml.models.idm.train import train
from tests.assets import services
from tests.ml.moving import square_clip

ROUNDS = 3


def run(quick: bool = False) -> list[Figure]:
    """Two clusters of the same kind one after the other, on the same videos and with the laptop recipe's model."""
    videos, frames = (4, 150) if quick else (16, 1800)
    with tempfile.TemporaryDirectory(prefix="nitro-bench-") as folder:
        home = Path(folder)
        settings = bare_settings(home)
        setup = LabelConfig(settings, *_model(Lake(settings), home), out=str(home / "rows"))
        pages = [_page(home, number, frames) for number in range(videos)]
        (home / "site.json").write_text(json.dumps(pages))
        with serve(home) as site:
            orders = [VideoTask(f"{n:032x}", f"{site}/watch/{page['id']}", "freeway") for n, page in enumerate(pages)]
            one, two = (_rate(nodes, setup, orders, 1 if quick else ROUNDS) for nodes in (1, 2))
    return [
        Figure("frames a second, one worker of one core", one * frames, "frames/s"),
        Figure("two workers against one", two / one, "ratio", 1.7),
    ]


def _model(lake: Lake, home: Path) -> tuple[str, int]:
    """An IDM of the laptop recipe's shape; what it has learned doesn't matter for its speed."""
    recipe = load_recipe("window").model_copy(update={"steps": 1})
    clips = [square_clip(seed, size=recipe.resolution) for seed in range(4)]
    checkpoints = Checkpoints(lake)
    name = checkpoints.put(train(recipe, clips, home / "idm", {}).path)
    checkpoints.set(name, "idm_checkpoint", "window", "promoted", "for its speed")
    return name, recipe.resolution


def _page(home: Path, number: int, frames: int) -> dict[str, str]:
    record("freeway", frames, number, home / "videos" / f"{number}.mp4", who="wanderer")
    return {"id": f"video-{number}", "file": f"{number}.mp4", **PAGE}


def _rate(nodes: int, setup: LabelConfig, orders: Sequence[VideoTask], rounds: int) -> float:
    """Videos a second: the median of some rounds, after one in which every worker loads its model."""
    with services.ray_cluster({}, nodes, pin=True):
        engine = RayEngine()
        try:
            list(engine.map(setup, orders[: 2 * nodes]))
            return statistics.median(_round(engine, setup, orders) for _ in range(rounds))
        finally:
            engine.close()
            ray.shutdown()


def _round(engine: RayEngine, setup: LabelConfig, orders: Sequence[VideoTask]) -> float:
    started = time.monotonic()
    results = list(engine.map(setup, orders))
    if refused := [r.error for r in results if r.error]:
        raise RuntimeError(f"bench ray: {len(refused)} of {len(results)} videos were refused: {refused[0]}")
    return len(results) / (time.monotonic() - started)
