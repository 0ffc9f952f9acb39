"""What a file says about showing its picture, on its way through the lake: boxes, formats, and what is told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from yt_dlp import YoutubeDL

from benchmarks.strangers.films import Kind, written
from nitro_assets.assets.pseudo_labels.worker import _pictures
from nitro_assets.fetch.sites.ytdlp import FORMAT
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.clips.clip_loader import boxes
from nitro_assets.settings import Settings
from nitro_ml.core.box import Box
from nitro_ml.video.decode import probe, read
from tests.assets.corpus import SHARD, worker
from tests.assets.rows import ANNA, BERT, fit


def pixels(path: Path, **options: object) -> np.ndarray:
    return np.concatenate([part.rgb for part in read(path, 48, **options)])  # type: ignore[arg-type]


@pytest.mark.parametrize(("turn", "mirrored"), [(0, False), (1, False), (3, False), (1, True)])
def test_boxes_of_labelled_footage_turn_with_the_picture(tmp_path: Path, turn: int, mirrored: bool) -> None:
    """The always bright block at the top left is the overlay, labelled at twice the file's size, upright or not."""
    kind = Kind(turn=turn, mirrored=mirrored, frames=3)
    path = tmp_path / "film.mp4"
    written(kind, path)
    info = probe(path)
    upright = {"width": 2 * info.width, "height": 2 * info.height}
    stored = upright if not turn % 2 else {"width": upright["height"], "height": upright["width"]}
    width, height = info.width, info.height
    back = {(0, False): (0, 0), (1, False): (height - 16, 0), (3, False): (0, width - 16), (1, True): (0, 0)}
    for sides, (x, y) in ((upright, (0, 0)), (stored, back[turn, mirrored])):
        row = {**sides, **{f"overlay_{c}": 2 * v for c, v in zip("xywh", (x, y, 16, 16), strict=True)}}
        area = {"area_x": x / (sides["width"] / 2), "area_y": y / (sides["height"] / 2)}
        area |= {"area_w": 32 / sides["width"], "area_h": 32 / sides["height"]}
        overlay, game = boxes({**row, **area}, info)
        assert overlay == game == Box(0, 0, 16, 16)
        assert pixels(path, crop=game).min() > 180
        assert pixels(path, mask=[overlay])[:, 2:10, 2:10].max() < 20


def test_sdr_is_fetched_where_a_site_offers_both() -> None:
    with YoutubeDL({"quiet": True}) as ydl:
        select = ydl.build_format_selector(FORMAT.format(height=360))

    def chosen(*formats: tuple[str, int, str | None]) -> str:
        known = {"protocol": "https", "ext": "mp4", "vcodec": "av1", "acodec": "none", "url": "https://example.org/"}
        rows = [{**known, "format_id": n, "height": h, "dynamic_range": light} for n, h, light in formats]
        return next(select({"formats": rows, "has_merged_format": False, "incomplete_formats": False}))["format_id"]

    assert chosen(("sdr", 360, "SDR"), ("hdr", 360, "HDR10")) == "sdr"
    assert chosen(("untold", 360, None), ("hdr", 360, "HLG")) == "untold"
    assert chosen(("sdr", 1080, "SDR"), ("hdr", 1080, "HDR10")) == "sdr"
    assert chosen(("hdr", 360, "HDR10")) == "hdr"


def test_a_table_of_an_older_lake_gets_its_later_columns(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = TABLES["pseudo_labels"]
    older = {name: kind for name, kind in today.columns.items() if name not in today.later}
    monkeypatch.setitem(TABLES, "pseudo_labels", replace(today, columns=older, later=()))
    lake.write("pseudo_labels", SHARD, fit("pseudo_labels", [{"video_key": ANNA, "frame": 0}]))
    lake.write("pseudo_labels", "0009", fit("pseudo_labels", [{"video_key": ANNA, "frame": 0}]))
    monkeypatch.setitem(TABLES, "pseudo_labels", today)
    assert lake.partition("pseudo_labels", SHARD)["picture"].to_list() == [None]
    rows = [{"video_key": key, "frame": n, "picture": "mirrored"} for key in (ANNA, BERT) for n in range(2)]
    lake.write("pseudo_labels", SHARD, fit("pseudo_labels", rows))
    assert lake.read("pseudo_labels").collect()["picture"].null_count() == 1
    assert _pictures(worker(lake, settings), SHARD).rows() == [("mirrored", 2)]
    assert _pictures(worker(lake, settings), "0009").rows() == [("as stored", 1)]
