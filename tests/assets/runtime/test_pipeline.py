"""Every asset once, by its real worker, on a small corpus that the pipeline did not make itself: a game it never heard
of, from settings alone. Real recordings, real yt-dlp over loopback, real training with tiny recipes."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from demo.site import serve
from nitro_assets.assets import ASSETS
from nitro_assets.lake import quantize
from nitro_assets.lake.files.cache import clip_cache
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import came_from
from nitro_assets.lineage.state import State
from nitro_assets.lineage.status import Status, statuses
from nitro_assets.runtime.clips.mixture_clips import mixture_clips
from nitro_assets.runtime.job import Job, make
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.ownership import vouch
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.workflow import carry_on
from nitro_ml import recipes
from nitro_ml.games.recorder.record import record
from nitro_ml.games.recorder.shard import Published, write_shard
from nitro_ml.models.idm.label import Labeller, label_video
from nitro_ml.training.mixture import load_recipe
from tests.assets.takedown.takedown_steps import agree

GAME = "a game of ours"
WORLD = {"steps": 3, "batch": 4}
TINY: dict[tuple[str, str, str], dict[str, Any]] = {
    ("idm", "pair", "tiny_pair"): {"steps": 3, "stretches": 2, "length": 8},
    ("idm", "window", "tiny_window"): {"steps": 30, "stretches": 2, "length": 8},
    ("mixture", "ground_truth_only", "tiny_truth"): {"policy": "tiny_policy"},
    ("mixture", "ground_truth_and_pseudo", "tiny_both"): {"policy": "tiny_policy"},
    ("policy", "small", "tiny_policy"): {"steps": 3, "batch": 4},
    ("world", "small", "tiny_world"): {"mixture": "tiny_both", "latent": WORLD, "dynamics": WORLD},
}
"""(kind, checked-in recipe, its name here): what is smaller in it."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three labelled videos, a plain one, and a site that shows them."""
    home = tmp_path_factory.mktemp("a corpus")
    labelled = [
        record("freeway", 240, seed, home / "videos" / f"labelled{seed}.mp4", labelled=True) for seed in range(3)
    ]
    record("freeway", 1000, 9, home / "videos" / "walkthrough.mp4")
    ids = [*(f"labelled{seed}" for seed in range(3)), "walkthrough", "broken"]
    (home / "videos" / "broken.mp4").write_bytes((home / "videos" / "walkthrough.mp4").read_bytes()[:60_000])
    entry = {"channel": "ours", "licence": "CC0-1.0", "date": "2026-01-01", "description": "Licence: CC0-1.0"}
    pages = [{"id": i, "title": i, "file": f"{i}.mp4", **entry} for i in ids]
    pages.append({**pages[3], "id": "reupload", "date": "2026-02-01"})
    (home / "site.json").write_text(json.dumps(pages))
    with serve(home) as address:
        published = [
            Published(replace(r, game=GAME), "generic", f"labelled{i}", f"{address}/watch/labelled{i}")
            for i, r in enumerate(labelled)
        ]
        write_shard(home, 0, published)
        (home / "port").write_text(address.rsplit(":", 1)[1])
    return home


@pytest.fixture(scope="module")
def settings(home: Path) -> Iterator[Settings]:
    with serve(home, int((home / "port").read_text())) as address:
        entries = [
            {"url": f"{address}/watch/{i}", "game": GAME} for i in ("walkthrough", "broken", "nowhere", "reupload")
        ]
        (home / "sources.yaml").write_text(yaml.safe_dump({"sources": entries}))
        yield Settings(
            lake=str(home / "lake"),
            nitrogen=str(home),
            sources=home / "sources.yaml",
            cache=str(home / "cache"),
            secret_file=home / "secret",
            inbox=home / "inbox",
            corpus_shards=2,
            allow_loopback=True,
        )


@pytest.fixture(scope="module", autouse=True)
def tiny_recipes(home: Path) -> Iterator[None]:
    """The checked-in recipes with fewer steps, in a folder beside them."""
    root = home / "recipes"
    for (kind, name, tiny), changes in TINY.items():
        recipe = recipes.read(kind, name)
        smaller = {k: recipe[k] | v if isinstance(v, dict) else v for k, v in changes.items()}
        (root / kind).mkdir(parents=True, exist_ok=True)
        (root / kind / f"{tiny}.yaml").write_text(yaml.safe_dump(recipe | smaller))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(recipes.SETTING, str(root))
        patch.setenv("NITRO_IDM_RECIPES", "tiny_pair,tiny_window")
        yield


def wanted(lake: Lake, settings: Settings) -> list[Status]:
    """What is to be made here: all but by the checked-in recipes, which train for minutes."""
    packaged = {path.stem for path in recipes.PACKAGED.rglob("*.yaml")}
    made = [s for s in statuses(State(lake, settings)) if ASSETS[s.asset].partitions != "none"]
    return [s for s in made if s.partition not in packaged]


@pytest.fixture(scope="module")
def lake(settings: Settings) -> Lake:
    """The lake after one pass over the whole graph."""
    lake = Lake(settings)
    bring_up(lake, settings)
    return lake


def bring_up(lake: Lake, settings: Settings) -> list[str]:
    made = []
    for asset in ASSETS.values():
        if asset.partitions == "none":
            continue
        build = import_module(asset.worker).build
        for status in wanted(lake, settings):
            if status.asset == asset.name and status.verdict in ("stale", "missing"):
                job = Job(settings, lake, asset, lambda fraction, message: None)
                _, outcome = make(job, build, status.partition)
                made.append(f"{asset.name}:{status.partition}")
                assert {"version", "root", "rows"}.isdisjoint(outcome.metadata)
        if asset.name == "idm_checkpoint" and Checkpoints(lake).promoted(asset.name) is None:
            promote(lake, settings)
    return made


def promote(lake: Lake, settings: Settings) -> None:
    """After 30 steps nothing beats the baselines; the rest of the graph needs an IDM all the same."""
    window = State(lake, settings).records["idm_checkpoint", "tiny_window"].version
    Checkpoints(lake).change(window, "promoted", "by hand, for the test")


def test_everything_is_made_and_then_fresh(lake: Lake, settings: Settings) -> None:
    verdicts = {(s.asset, s.partition): s.verdict for s in wanted(lake, settings)}
    assert set(verdicts.values()) == {"fresh"}
    assert bring_up(lake, settings) == []


def test_ground_truth_and_index(lake: Lake) -> None:
    assert lake.read("nitrogen_frames").collect().height == 3 * 240
    index = lake.read("video_index").select("address", "keep", "game").collect()
    assert index.filter(pl.col("address").str.ends_with("walkthrough"))["keep"].to_list() == [True]
    assert set(index["game"]) == {GAME}


def test_labels_are_those_of_the_file_itself(lake: Lake, settings: Settings, home: Path) -> None:
    rows = lake.read("pseudo_labels").collect()
    index = dict(lake.read("video_index").select("video_key", "address").collect().iter_rows())
    key = next(k for k, address in index.items() if address.endswith("walkthrough"))
    assert set(rows["video_key"]) == {key}
    checkpoint = Checkpoints(lake).promoted("idm_checkpoint")
    assert checkpoint is not None
    assert set(rows["checkpoint"]) == {checkpoint}
    direct = label_video(home / "videos" / "walkthrough.mp4", Labeller(Checkpoints(lake).get(checkpoint)))
    stored = quantize.dequantize(rows)
    assert np.abs(stored.buttons - direct.buttons).max() <= 1 / 170 + 1e-6
    assert np.abs(stored.sticks - direct.sticks).max() <= 1 / 254 + 1e-6
    assert np.allclose(stored.time, direct.time, atol=1e-3)


def test_what_cannot_be_had_is_rejected_by_itself(lake: Lake) -> None:
    messages = "\n".join(lake.read("rejects").collect()["message"])
    assert "gone" in messages, "the page that isn't there"
    everything = lake.read("rejects").select("scope").collect()["scope"].to_list()
    assert any(scope.startswith("video_index:") for scope in everything)
    reasons = lake.read("video_index").filter(pl.col("address").str.ends_with("broken")).collect()["reason"].to_list()
    labels = [s for s in everything if s.startswith("pseudo_labels:")]
    assert labels or reasons != ["kept"], "the broken video is rejected by the index or by the labeller"


def test_segments_cover_the_video_and_mixtures_split_by_video(lake: Lake) -> None:
    segments = lake.read("label_segments").collect().sort("first_frame")
    assert segments["first_frame"][0] == 0
    assert segments["end_frame"][-1] == 1000
    assert segments["first_frame"].to_list()[1:] == segments["end_frame"].to_list()[:-1]
    mixture = lake.read("training_mixture").filter(mixture="tiny_truth").collect()
    assert mixture.group_by("video_key").agg(pl.n_unique("split"))["split"].to_list() == [1, 1, 1]
    assert set(mixture["split"]) == {"train", "held_out"}
    assert set(mixture["origin"]) == {"nitrogen"}


def test_clips_are_drawn_by_the_weights_of_their_mixture(lake: Lake, settings: Settings) -> None:
    job = Job(settings, lake, ASSETS["policy_checkpoint"], lambda fraction, message: None)
    for mixture in ("tiny_truth", "tiny_both"):
        with clip_cache(settings) as cache:
            clips = mixture_clips(job, cache, mixture, 64).clips
        truth = load_recipe(mixture).truth_weight
        assert {clip.weight for clip in clips if not clip.soft} == {truth}


def test_no_footage_stays_but_the_cache(lake: Lake, settings: Settings, home: Path) -> None:
    assert list(Path(settings.lake).rglob("*.mp4")) == []
    clips = {path.parent.name for path in settings.cache_folder.rglob("*.safetensors")}
    known = set(lake.read("nitrogen_videos").collect()["video_key"]) | set(
        lake.read("pseudo_labels").collect()["video_key"]
    )
    assert clips == known


def test_identifiers_stay_in_the_index(lake: Lake, settings: Settings) -> None:
    for path in Path(settings.lake).rglob("*"):
        assert "walkthrough" not in path.name
        assert "labelled" not in path.name
        if path.suffix == ".json":
            assert b"walkthrough" not in path.read_bytes()
            assert b"labelled0" not in path.read_bytes()


def test_lineage_reaches_every_model(lake: Lake) -> None:
    key = lake.read("nitrogen_videos").collect()["video_key"][0]
    found = {a.asset for a in came_from(lake, key)}
    assert found >= {"idm_checkpoint", "pseudo_labels", "policy_checkpoint", "world_model_checkpoint", "latent_actions"}


def test_a_new_video_relabels_nothing_else(lake: Lake, settings: Settings, home: Path) -> None:
    shutil.copy(home / "videos" / "walkthrough.mp4", home / "videos" / "second.mp4")
    pages = json.loads((home / "site.json").read_text())
    (home / "site.json").write_text(
        json.dumps([*pages, pages[3] | {"id": "second", "title": "2", "file": "second.mp4"}])
    )
    port = (home / "port").read_text()
    sources = yaml.safe_load((home / "sources.yaml").read_text())
    sources["sources"].append({"url": f"http://127.0.0.1:{port}/watch/second", "game": GAME})
    (home / "sources.yaml").write_text(yaml.safe_dump(sources))
    import_module("nitro_assets.assets.video_index.worker").listing.cache_clear()
    made = bring_up(lake, settings)
    labelled = [m for m in made if m.startswith("pseudo_labels")]
    assert len(labelled) == 1, "only the shard of the new video"
    assert not any(m.startswith(("nitrogen_actions", "idm_checkpoint", "training_mixture:tiny_truth")) for m in made)
    assert len(set(lake.read("pseudo_labels").collect()["video_key"])) == 2


def test_the_original_of_a_re_upload_and_a_labelled_video_are_taken_down(
    lake: Lake, settings: Settings, home: Path
) -> None:
    """Over all that the workers made; the sources' file is the operator's to edit, and the scan says so."""
    site = f"http://127.0.0.1:{(home / 'port').read_text()}/watch"
    settings = settings.model_copy(update={"approvers": 1, "exports": home / "exports"})
    reasons = lake.read("video_index").filter(pl.col("address").str.ends_with("reupload")).collect()["reason"]
    assert "as one published before" in reasons[0]
    others = {t: lake.read(t).collect() for t in ("nitrogen_frames", "video_index", "label_segments", "rejects")}
    asked = request(lake, settings, [f"{site}/walkthrough?utm_source=x", f"{site}/labelled0"], "mine")
    gone = set(asked.video_keys)
    assert len(gone) == 2
    vouch(lake, asked.id)
    carry_on.plan(lake, settings, asked.id)
    agree(lake, settings, asked, "anna")
    unclean = carry_on.erase_approved(lake, settings, asked.id)
    found = carry_on.found_in(lake, settings, unclean)
    assert {(f.kind, f.found.split(",")[0]) for f in found} == {("sources file", "identifier")}, found
    assert "remove the line" in found[0].next
    lines = (home / "sources.yaml").read_text().splitlines(keepends=True)
    (home / "sources.yaml").write_text("".join(line for line in lines if "walkthrough" not in line))
    assert carry_on.erase_approved(lake, settings, asked.id).state == "scanned"
    for table, before in others.items():
        kept = before.filter(~pl.col("video_key").is_in(list(gone)).fill_null(False))
        assert lake.stored(table).collect().sort(kept.columns[:4]).equals(kept.sort(kept.columns[:4])), table
    assert not gone & {path.name for path in settings.cache_folder.rglob("*")}
