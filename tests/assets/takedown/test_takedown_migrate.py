"""A lake of the time when a video had one name, as its address was spelled: brought up to date, and it says so."""

import json
import logging

import polars as pl
import pytest

from nitro_assets.assets.video_index import worker as video_index
from nitro_assets.identity import shard_of, video_key
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.job import make
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.migrate import migrate
from nitro_assets.takedown.intake.take_in import ask_for, request
from nitro_assets.takedown.quarantine import lift
from nitro_assets.takedown.requests import find
from tests.assets.fetch.listed import listing, video
from tests.assets.rows import fit
from tests.assets.small_world import job
from tests.assets.takedown.takedown_steps import erased

PAGE = "https://www.films.example:443/watch/%7eone?b=1&a=2"
OLD_NAME = "page:www.films.example:443/watch/%7eone?b=1&a=2"
NOW = "https://films.example/watch/~one/?a=2&b=1"
LIST = "https://www.youtube.com/watch?v=aaaaaaaaaaa&list=PLMYEtVRpaqY00V9W81Cwmzp6N6vZqfUKD4"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"sources": settings.cache_folder / "sources.yaml", "corpus_shards": 1})


@pytest.fixture
def old(lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """An old lake, with a page's video by its key of then, and a reason that names another video; that key."""
    key, tube = video_key(settings.secret, OLD_NAME), video_key(settings.secret, "youtube:aaaaaaaaaaa")
    rows: list[dict[str, object]] = [
        {"video_key": key, "address": PAGE, "title": "One", "game": "pong", "keep": True, "reason": "kept"},
        {"video_key": tube, "address": "https://youtu.be/aaaaaaaaaaa", "keep": False, "reason": f"duplicate of {key}"},
    ]
    with monkeypatch.context() as patch:  # the door of then let it in
        patch.setattr("nitro_assets.lake.store.column_with_key", lambda table, rows: None)
        lake.write("video_index", "0000", fit("video_index", rows))
        lake.write("rejects", "one", fit("rejects", [{"video_key": tube, "item": f"{key} chunk 3", "message": "bad"}]))
    card = f"{lake.root}/lake.json"
    found = json.loads(lake.fs.cat_file(card))
    del found["names"]
    lake.fs.pipe_file(card, json.dumps(found).encode())
    assert shard_of(key, 1) == "0000"
    return key


def test_an_old_lake_is_migrated_and_says_so(
    lake: Lake, settings: Settings, old: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        said = ask_for(lake, settings, [NOW], "mine")
    assert "1 further names written, 2 sentences that named a video put right" in caplog.text
    assert "1 video quarantined" in said.text
    assert find(lake, said.request).video_keys.count(old) == 1
    assert lake.read("video_index").collect()["reason"].to_list() == ["duplicate of the video"]
    assert lake.read("rejects").collect()["item"].to_list() == ["the video chunk 3"]
    caplog.clear()
    migrate(lake, settings)
    assert caplog.text == "", "once"


def test_its_videos_keep_their_keys_when_they_are_listed_again(lake: Lake, settings: Settings, old: str) -> None:
    migrate(lake, settings)
    with listing(settings, [video(NOW)]):
        make(job(lake, settings, "video_index"), video_index.build, "0000")
    assert lake.read("video_index").filter(pl.col("keep")).collect()["video_key"].to_list() == [old]
    asked = request(lake, settings, [NOW], "mine")
    assert erased(lake, settings, asked).state == "scanned"
    with listing(settings, [video(PAGE), video(NOW)]):
        make(job(lake, settings, "video_index"), video_index.build, "0000")
    addresses = lake.stored("video_index").collect()["address"].to_list()
    assert addresses == ["https://youtu.be/aaaaaaaaaaa"], "erased, it comes back by none of its names"


def test_requests_that_took_nothing_out_are_read_again(
    lake: Lake, settings: Settings, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:  # as it was understood then
        patch.setattr("nitro_assets.takedown.intake.take_in.migrate", lambda lake, settings: None)
        patch.setattr("nitro_assets.takedown.intake.targets.names_by", lambda url: ("youtubetab:PLMYEtVRpaqY0",))
        asked = request(lake, settings, [LIST], "mine")
    assert lake.read("video_index").collect().height == 2
    migrate(lake, settings)
    assert lake.read("video_index").collect().height == 1
    assert find(lake, asked.id).state == "quarantined"
    lift(lake, settings, asked.id)
    assert lake.read("video_index").collect().height == 2
    assert "video_names" in TABLES
