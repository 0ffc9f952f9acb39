"""What a mixture takes: of the segments all play, a little idleness, nothing else; of labelled play the best of it."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from nitro_assets.assets.nitrogen_actions import worker as nitrogen_actions
from nitro_assets.assets.training_mixture import worker as training_mixture
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.clips.clip_loader import BLOCK
from nitro_assets.runtime.job import Job, Outcome, make
from nitro_assets.settings import Settings
from nitro_ml.training.mixture import load_recipe
from tests.assets.corpus import key
from tests.assets.rows import fit
from tests.assets.small_world import job, settled
from tests.ml.nitrogen.nitrogen_files import FRAMES, Files, metadata, parquet, table, write_folder

MIXTURE = "ground_truth_and_pseudo"
VIDEOS, BLOCKS = 50, 60
"""Each with so many blocks of play, then of idleness, then of a menu."""


def segments(job: Job, shard: str) -> Outcome:
    """The segments of the videos, as their worker writes them."""
    rows: list[dict[str, object]] = []
    for number in range(VIDEOS):
        for at, reason in enumerate(("play", "idle", "menu")):
            start, end = at * BLOCKS * BLOCK, (at + 1) * BLOCKS * BLOCK
            facts = {"keep": reason == "play", "reason": reason, "confidence": 0.8, "game": "pong"}
            frames = {"first_frame": int(start * 30), "end_frame": int(end * 30)}
            rows.append({"video_key": key(number), "segment": at, "start": start, "end": end, **frames, **facts})
    job.lake.write("label_segments", shard, fit("label_segments", rows))
    return Outcome(len(rows))


def taken(lake: Lake) -> pl.DataFrame:
    """The pseudo-labelled chunks of the mixture, with the reason of the segment that they lie in."""
    reason = pl.col("chunk").floordiv(BLOCKS).replace_strict({0: "play", 1: "idle", 2: "menu"})
    rows = lake.read("training_mixture").filter(mixture=MIXTURE, origin="pseudo").with_columns(reason=reason)
    return rows.sort("video_key", "chunk").collect()


def test_all_play_is_taken_and_one_idle_chunk_in_twenty(settings: Settings) -> None:
    lake = settled(settings)
    promoted = job(lake, settings, "idm_checkpoint").checkpoints.promoted("idm_checkpoint")
    lake.fs.makedirs(f"{lake.root}/checkpoints/{promoted}")
    lake.fs.pipe_file(f"{lake.root}/checkpoints/{promoted}/card.json", b"{}")
    make(job(lake, settings, "label_segments"), segments, "0000")
    assert load_recipe(MIXTURE).idle == 0.05
    make(job(lake, settings, "training_mixture"), training_mixture.build, MIXTURE)
    first = taken(lake)
    ours = first.filter(pl.col("video_key").is_in([key(n) for n in range(VIDEOS)]))
    counts = dict(ours.group_by("reason").len().iter_rows())
    assert counts.keys() == {"play", "idle"}
    assert counts["play"] == VIDEOS * BLOCKS
    assert 0.04 < counts["idle"] / (VIDEOS * BLOCKS) < 0.06
    idle = ours.filter(reason="idle")
    assert idle["chunk"].n_unique() > BLOCKS // 2, "from everywhere"
    assert idle["video_key"].n_unique() > VIDEOS // 2, "of most videos"
    make(job(lake, settings, "training_mixture"), training_mixture.build, MIXTURE)
    assert taken(lake).equals(first), "the same ones in every run"


PLAYED: dict[str, list[Any]] = {"pong": [5, 1, 9, 3], "boxing": [-2, 0, 0, 0], "golf": [None, None], "chess": ["ten"]}
"""What each chunk of a game's one video says it scored; None: nothing, "ten": something that is no number."""
BEST_HALF = "best_half"


@pytest.fixture
def best_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe of docs/concepts/policy.md."""
    (tmp_path / "recipes" / "mixture").mkdir(parents=True)
    (tmp_path / "recipes" / "mixture" / f"{BEST_HALF}.yaml").write_text("policy: small\nbest: 0.5\nheld_out: 0.2\n")
    monkeypatch.setenv("NITRO_RECIPES", str(tmp_path / "recipes"))


def played(lake: Lake, settings: Settings) -> Outcome:
    """A shard with the chunks of `PLAYED`, read by its worker."""
    files: Files = {}
    for game, scores in PLAYED.items():
        video = f"{game}_______"[:11]
        for chunk, score in enumerate(scores):
            labels = table()
            if score is not None:
                labels = labels.with_columns(reward=pl.Series([score] + [type(score)()] * (FRAMES - 1)))
            place = f"SHARD_0000/{video}/{video}_chunk_{chunk:04d}"
            facts = metadata(chunk, game=game, video={"video_id": video, "url": f"https://youtu.be/{video}"})
            files |= {f"{place}/metadata.json": facts, f"{place}/actions_raw.parquet": parquet(labels)}
    write_folder(Path(settings.nitrogen), files)
    return make(job(lake, settings, "nitrogen_actions"), nitrogen_actions.build, "SHARD_0000")[1]


def chosen(lake: Lake, settings: Settings) -> tuple[dict[str, list[int]], Outcome]:
    """The chunks in the mixture, by game."""
    outcome = make(job(lake, settings, "training_mixture"), training_mixture.build, BEST_HALF)[1]
    rows = lake.read("training_mixture").sort("chunk").collect()
    return {game: part["chunk"].to_list() for (game,), part in rows.partition_by("game", as_dict=True).items()}, outcome


@pytest.mark.usefixtures("best_half")
def test_of_labelled_play_the_better_half_of_each_game_is_taken(settings: Settings) -> None:
    lake = Lake(settings)
    read = played(lake, settings)
    scored = lake.read("nitrogen_chunks").sort("chunk").select("game", "return_per_minute").collect()
    for game, scores in PLAYED.items():
        minutes = [3.0 * score if isinstance(score, int) else None for score in scores]
        assert scored.filter(game=game)["return_per_minute"].to_list() == minutes
    assert read.metadata["rewards unread"] == 1
    told = lake.read("rejects").filter(pl.col("item") == "the rewards of chunk 0 of a video").collect()
    (message,) = told["message"]
    assert message.startswith("actions_raw.parquet: column reward is String; allowed are finite numbers")

    found, outcome = chosen(lake, settings)
    assert found == {"pong": [0, 2], "boxing": [1, 2], "golf": [0, 1], "chess": [0]}
    assert outcome.metadata["labelled chunks left out"] == 4
    composition = outcome.metadata["composition"]["raw_value"]
    assert "| pong | train | 1 | 2 | 0.011 | 1.000 | 21.000 |" in composition
    assert "| golf | train | 1 | 2 | 0.011 | 1.000 | - |" in composition
    assert chosen(lake, settings)[0] == found


@pytest.mark.usefixtures("best_half")
def test_all_play_of_a_lake_older_than_scores_is_taken(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    today, lake = TABLES["nitrogen_chunks"], Lake(settings)
    played(lake, settings)
    rows = lake.partition("nitrogen_chunks", "SHARD_0000")
    shutil.rmtree(Path(settings.lake, "tables", "nitrogen_chunks"))
    older = {name: kind for name, kind in today.columns.items() if name not in today.later}
    with monkeypatch.context() as then:
        then.setitem(TABLES, "nitrogen_chunks", replace(today, columns=older, later=()))
        lake.write("nitrogen_chunks", "SHARD_0000", rows.drop(today.later))
    assert chosen(lake, settings)[0] == {game: list(range(len(scores))) for game, scores in PLAYED.items()}
    lake.write("nitrogen_chunks", "SHARD_0000", rows)
    assert chosen(lake, settings)[0]["pong"] == [0, 2], "once its shards are read again"
