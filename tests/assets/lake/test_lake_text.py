"""A video key stands in columns made for it: the lake's door, the records' writer and the plots refuse it elsewhere."""

from typing import Any

import polars as pl
import pytest

from nitro_assets.lake.schemas import KEYED, SENTENCES, TABLES
from nitro_assets.lake.store import Lake, LakeError
from nitro_assets.lineage.edges import Edge
from nitro_assets.runtime import previews
from nitro_assets.runtime.job import Build, Check, Outcome, Refused, make
from nitro_assets.settings import Settings
from tests.assets.rows import ANNA, BERT, fit
from tests.assets.small_world import job

TEXTS = [
    (table.name, column)
    for table in TABLES.values()
    if "video_key" in table.columns
    for column, kind in table.columns.items()
    if kind == pl.String and column not in KEYED and column != table.partition
]


@pytest.mark.parametrize(("table", "column"), TEXTS)
def test_the_door_refuses_a_key_in_any_text(lake: Lake, table: str, column: str) -> None:
    rows = fit(table, [{"video_key": ANNA, column: f"as long as {ANNA}."}])
    with pytest.raises(LakeError, match=rf"{table}: found a video key in the text of column '{column}'.*'the video'"):
        lake.write(table, "one", rows)
    lake.write(table, "one", fit(table, [{"video_key": ANNA, column: "as long as the other"}]))


def test_in_sentences_no_other_videos_key_stands_either(lake: Lake) -> None:
    assert {column for _, column in TEXTS} >= SENTENCES
    with pytest.raises(LakeError, match="reason"):
        lake.write("video_index", "0000", fit("video_index", [{"video_key": ANNA, "reason": f"as {BERT}"}]))
    strangers = fit("video_index", [{"video_key": ANNA, "title": BERT, "address": f"https://a.example/{BERT}"}])
    assert lake.write("video_index", "0000", strangers).rows == 1, "a page may be called by 32 hex digits"


def outcome(**shown: Any) -> Build:
    refused = [Refused(f"{ANNA} chunk 1", f"{ANNA}.mp4: no frame.", ANNA)]
    return lambda job, partition: Outcome(1, edges=[Edge("sources", "0", "", ANNA, 1)], refused=refused, **shown)


def test_messages_lose_it_and_what_is_shown_is_refused(lake: Lake, settings: Settings) -> None:
    named = outcome(metadata={"found": previews.table([{"video": "video 1"}])})
    make(job(lake, settings, "video_index"), named, "0000")
    row = lake.read("rejects").collect().row(0, named=True)
    assert (row["video_key"], row["item"], row["message"]) == (ANNA, "the video chunk 1", "the video.mp4: no frame.")
    table, check = previews.table([{"video": ANNA}]), Check("fine", True, f"{ANNA} is")
    for wrong in (outcome(metadata={"examples": table}), outcome(checks=[check])):
        with pytest.raises(LakeError, match="metadata or checks"):
            make(job(lake, settings, "video_index"), wrong, "0000")


def test_no_plot_shows_one() -> None:
    previews.strips({"video 1": [(0.0, 1.0, "play")]}, "timelines")
    for plot in (
        lambda: previews.strips({ANNA: [(0.0, 1.0, "play")]}, "timelines"),
        lambda: previews.bars({"play": 1.0}, f"of {ANNA}"),
        lambda: previews.bars({ANNA: 1.0}, "seconds"),
    ):
        with pytest.raises(ValueError, match="a video key in a picture"):
            plot()
