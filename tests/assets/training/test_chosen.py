"""What a training takes from a lake: as much as its recipe says, told before it is fetched, and nothing else."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from nitro_assets.assets import ASSETS
from nitro_assets.assets.idm_checkpoint import worker as idm_checkpoint
from nitro_assets.cli import app
from nitro_assets.lake.files.cache import ClipCache
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import Record, State
from nitro_assets.runtime.clips.chosen import CHUNK, fetch_chosen, idm_chunks, missed
from nitro_assets.runtime.clips.clip_loader import ClipLoader
from nitro_assets.runtime.clips.mixture_clips import mixture_chunks
from nitro_assets.runtime.clips.mixture_rows import mixture_rows
from nitro_assets.runtime.clips.plan import clip_bytes
from nitro_assets.settings import Settings
from nitro_ml import recipes
from nitro_ml.models.idm.config import load_recipe
from nitro_ml.recipes import RecipeError
from nitro_ml.training.mixture import load_recipe as load_mixture
from nitro_ml.training.splits import order
from tests.assets.corpus import environment, key
from tests.assets.rows import fit
from tests.assets.small_world import job

VIDEOS, CHUNKS = 30, 6
"""A minute and 40 s in each: ten minutes of three games together."""
HOURS = 5 / 60


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The IDM `some` and the mixture `some`, for five minutes."""
    root = tmp_path / "recipes"
    kept: dict[str, dict[str, Any]] = {
        "idm": recipes.read("idm", "quick") | {"data": {"hours": HOURS}},
        "mixture": {"policy": "small", "pseudo": True, "data": {"hours": HOURS, "held_out": 0.2}},
    }
    for kind, content in kept.items():
        (root / kind).mkdir(parents=True)
        (root / kind / "some.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setenv("NITRO_RECIPES", str(root))
    monkeypatch.setenv("NITRO_IDM_RECIPES", "some")
    return root


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """Labelled chunks of 30 videos, and as many kept segments of others."""
    lake = Lake(settings)
    Path(settings.nitrogen, "SHARD_0000").mkdir(parents=True)
    names = [(key(v), f"game {v % 3}") for v in range(VIDEOS)]
    rows: list[dict[str, object]] = [
        {"video_key": k, "chunk": c, "game": game, "frames": 600, "start_time": 20.0 * c, "end_time": 20.0 * c + 20}
        for k, game in names
        for c in range(CHUNKS)
    ]
    lake.write("nitrogen_chunks", "SHARD_0000", fit("nitrogen_chunks", rows))
    videos: list[dict[str, object]] = [
        {"video_key": k, "address": "https://x.invalid", "source": "x"} for k, _ in names
    ]
    lake.write("nitrogen_videos", "SHARD_0000", fit("nitrogen_videos", videos))
    facts = {"segment": 0, "first_frame": 0, "end_frame": 3600, "start": 0.0, "end": 120.0, "game": "game 0"}
    kept: list[dict[str, object]] = [
        {"video_key": key(v + 100), **facts, "keep": True, "reason": "play", "confidence": 0.8} for v in range(VIDEOS)
    ]
    lake.write("label_segments", "0000", fit("label_segments", kept))
    State(lake, settings).record(Record("nitrogen_actions", "SHARD_0000", "", {}, "v", VIDEOS * CHUNKS * 600))
    return lake


def seconds(rows: pl.DataFrame) -> float:
    return float((rows["end"] - rows["start"]).sum())


@pytest.mark.usefixtures("recipe")
def test_a_training_chooses_its_hours_and_keeps_the_frozen_videos(lake: Lake, settings: Settings) -> None:
    some = load_recipe("some")
    chosen = idm_chunks(lake, some).chunks
    first = sorted(map(key, range(VIDEOS)), key=order)
    assert seconds(chosen) == pytest.approx(HOURS * 3600)
    assert set(chosen["video_key"]) == set(first[:3])

    checkpoints = job(lake, settings, "idm_checkpoint").checkpoints
    lake.fs.makedirs(f"{lake.root}/checkpoints/c")
    lake.fs.pipe_file(f"{lake.root}/checkpoints/c/card.json", json.dumps({"held_out": first[-4:]}).encode())
    checkpoints.set("c", "idm_checkpoint", "some", "promoted", "for the test")
    again = idm_chunks(lake, some).chunks
    assert HOURS * 3600 - 40 < seconds(again) <= HOURS * 3600, "but for a part of a chunk of either"
    frozen = again.filter(pl.col("video_key").is_in(first[-4:]))
    assert HOURS * 3600 * some.test_share - 20 <= seconds(frozen) <= HOURS * 3600 * some.test_share
    assert set(frozen["video_key"]) == {first[-4]}


@pytest.mark.usefixtures("recipe")
def test_what_cannot_be_had_is_replaced_by_the_next_in_order_and_counted(lake: Lake, settings: Settings) -> None:
    first = sorted(map(key, range(VIDEOS)), key=order)
    asked: set[str] = set()

    def broken(dead: set[str]) -> tuple[pl.DataFrame, dict[str, int]]:
        footage = ClipLoader(job(lake, settings, "idm_checkpoint"), ClipCache(settings.cache), 64)
        asked.clear()

        def fetch(rows: pl.DataFrame) -> None:
            asked.update(rows["video_key"])
            gone = rows.filter(pl.col("video_key").is_in(list(dead)))
            footage.failed.update(gone.select(CHUNK).iter_rows())

        chosen = idm_chunks(lake, load_recipe("some"))
        there = fetch_chosen(footage, chosen, fetch)
        return there, missed(footage, chosen, there)

    there, told = broken({first[1]})
    assert asked == set(first[:4]), "nothing else is fetched"
    assert set(there["video_key"]) == {first[0], first[2], first[3]}
    assert seconds(there) == pytest.approx(HOURS * 3600)
    assert list(told.values()) == [1, 6, 6]
    there, told = broken(set(first))
    assert there.is_empty()
    assert len(asked) <= 2 * 3 + 20, "with no network nobody asks for all there is"


@pytest.mark.usefixtures("recipe")
def test_a_mixture_obeys_the_hours_and_has_a_reserve(lake: Lake, settings: Settings) -> None:
    rows = mixture_rows(lake, load_mixture("some"))
    taken, reserve = rows.filter(pl.col("split") != "reserve"), rows.filter(split="reserve")
    assert seconds(taken.filter(origin="nitrogen")) == seconds(taken.filter(origin="pseudo")) == 140
    assert 40 <= seconds(reserve) <= 80
    lake.write("training_mixture", "some", rows.drop("return_per_minute"))
    chosen = mixture_chunks(job(lake, settings, "policy_checkpoint"), "some")
    dead = chosen.chunks["video_key"][0]
    left = chosen.choose(chosen.candidates.filter(pl.col("video_key") != dead))
    assert left.join(chosen.chunks, on=CHUNK, how="anti").height > 0
    assert chosen.chunks.filter(pl.col("video_key") != dead).join(left, on=CHUNK, how="anti").is_empty()


def test_what_a_training_takes_is_told_and_too_much_refused(
    lake: Lake, settings: Settings, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    told = CliRunner().invoke(app, ["plan"], catch_exceptions=False)
    assert "idm_checkpoint/" in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 80
    done = CliRunner().invoke(app, ["plan", "--json"], catch_exceptions=False)
    rows = {(row["asset"], row["partition"]): row for row in json.loads(done.stdout)}
    idm = rows["idm_checkpoint", "some"]
    assert (idm["videos"], idm["hours"]) == (3, pytest.approx(HOURS))
    assert sum(idm["hours_by_game"].values()) == pytest.approx(HOURS)
    assert idm["clips_gb"] == pytest.approx(15 * 600 * 800 / 1e9)
    assert idm["download_gb"] == pytest.approx(3 * 120 * 0.3 / 3600), "whole videos"
    assert idm["seconds_to_train"] is None
    assert rows["policy_checkpoint", "some"]["hours"] <= HOURS
    State(lake, settings).record(Record("idm_checkpoint", "some", "", {}, "v", 9, made=600, seconds=30.0))
    done = CliRunner().invoke(app, ["plan", "--json"], catch_exceptions=False)
    assert json.loads(done.stdout)[0]["seconds_to_train"] == pytest.approx(60), "1200 steps at 20 a second"

    little = settings.model_copy(update={"fetch_gb": 0.01})
    with pytest.raises(
        RecipeError, match=r"idm/some.yaml: data.hours: found 0.0833.*NITRO_FETCH_GB.*Nothing was fetch"
    ):
        idm_checkpoint.build(job(lake, little, "idm_checkpoint"), "some")
    assert not Path(settings.cache).exists()
    (recipe / "idm" / "some.yaml").write_text(
        yaml.safe_dump(recipes.read("idm", "quick") | {"data": {"games": ["nowhere"]}})
    )
    with pytest.raises(RecipeError, match="found nothing in the lake that it allows"):
        idm_checkpoint.build(job(lake, settings, "idm_checkpoint"), "some")


def test_limits_count_only_where_they_may_leave_something_out(lake: Lake, settings: Settings, recipe: Path) -> None:
    asset = ASSETS["idm_checkpoint"]

    def versions(**data: Any) -> dict[str, Any]:
        older = {k: v for k, v in recipes.read("idm", "quick").items() if k != "data"}
        (recipe / "idm" / "some.yaml").write_text(yaml.safe_dump(older | ({"data": data} if data else {})))
        return State(lake, settings).input_versions(asset, "some")

    before = versions()
    assert versions(hours=2) == before
    assert versions(hours=0.5).keys() - before.keys() == {"limits of idm recipe some"}
    assert versions(hours=2, games=["pong"])["idm recipe some"] == before["idm recipe some"]
    assert versions(hours=2, games=["pong"]) != versions(hours=2, games=["golf"])


def test_a_recipe_from_before_is_read_as_it_was(recipe: Path) -> None:
    place = recipe / "mixture" / "some.yaml"
    place.write_text("policy: small\nheld_out: 0.2\nbest: 0.5\nminimum_density: 0.1\n")
    older, digest = load_mixture("some"), recipes.digest("mixture", "some")
    place.write_text("policy: small\ndata: {hours: 20, held_out: 0.2, best: 0.5, minimum_density: 0.1}\n")
    assert (load_mixture("some"), recipes.digest("mixture", "some")) == (older, digest)
    assert (older.data.hours, older.data.best) == (20, 0.5)
    place.write_text("policy: small\nheld_out: 0.2\ndata: {held_out: 0.1}\n")
    with pytest.raises(RecipeError, match="held_out: found beside `data` and in it"):
        load_mixture("some")


def test_a_clip_costs_what_was_measured() -> None:
    assert clip_bytes(64) == pytest.approx(800)
    assert 1500 < clip_bytes(128) < 2000
    assert clip_bytes(256) == pytest.approx(3800)
