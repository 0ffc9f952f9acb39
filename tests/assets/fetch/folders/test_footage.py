"""Footage beside NitroGen's labels: read instead of fetched, and never erased."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from nitro_assets.assets.nitrogen_actions import worker as nitrogen_actions
from nitro_assets.identity import canonical_name, video_key
from nitro_assets.lake.files.cache import ClipCache
from nitro_assets.lake.files.footage_files import footage_files
from nitro_assets.lake.row_locations import row_locations
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.clips.clip_loader import ClipLoader
from nitro_assets.runtime.job import make
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.workflow import carry_on
from nitro_ml.games.recorder.record import Recording
from nitro_ml.games.recorder.shard import Published, write_shard
from tests.assets.corpus import worker
from tests.assets.fetch.folders.own_files import FPS, GAME, digests, taken_down
from tests.assets.rows import fit


def test_footage_beside_the_labels_is_read_instead_of_fetched(
    lake: Lake, settings: Settings, films: list[Recording]
) -> None:
    root = Path(settings.nitrogen)
    nowhere = "http://127.0.0.1:9/watch"
    told = [("generic", "walk [1] ü"), ("youtube", "AbCdEfGhIjK"), ("generic", "not here")]
    write_shard(
        root,
        0,
        [
            Published(replace(film, game=GAME), source, name, f"{nowhere}/{number}")
            for number, (film, (source, name)) in enumerate(zip(films, told, strict=False))
        ],
    )
    (root / "footage").mkdir()
    for film, (_, name) in list(zip(films, told, strict=False))[:2]:
        shutil.copy(film.video, root / "footage" / f"{name}.mp4")
    before = digests(root)
    make(worker(lake, settings, "nitrogen_actions"), nitrogen_actions.build, "SHARD_0000")
    footage = ClipLoader(worker(lake, settings, "idm_checkpoint"), ClipCache(settings.cache), 32, found={})
    clips = footage.nitrogen(lake.read("nitrogen_chunks").collect())
    assert sorted(len(clip) for clip in clips) == [2 * FPS, 2 * FPS]
    assert [refused.failure is not None for refused in footage.refused] == [True], "what isn't there is fetched"
    assert digests(root) == before
    video = clips[0].group
    asked = request(lake, settings, [video], "mine")
    done = taken_down(lake, settings, asked)
    assert done.state == "scanned"
    assert ("1 files in footage/ of NITRO_NITROGEN") in dict(carry_on.standing_plan(lake, done).stays)
    assert len(list((root / "footage").iterdir())) == 2


def test_a_lake_from_before_the_id_was_kept_is_read(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {name: Path(settings.nitrogen, "footage", f"{name}.mp4") for name in ("AbCdEfGhIjK", "walk")}
    for path in files.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"whatever")
    keys = {name: video_key(settings.secret, canonical_name("youtube", name, "")) for name in files}
    rows: list[dict[str, object]] = [{"video_key": keys["AbCdEfGhIjK"], "source": "youtube"}]
    today = TABLES["nitrogen_videos"]
    with monkeypatch.context() as patch:
        older = {name: kind for name, kind in today.columns.items() if name not in today.later}
        patch.setitem(TABLES, "nitrogen_videos", replace(today, columns=older, later=()))
        lake.write("nitrogen_videos", "SHARD_0000", fit("nitrogen_videos", rows))
    assert footage_files(lake, settings) == {keys["AbCdEfGhIjK"]: files["AbCdEfGhIjK"]}
    rows = [{"video_key": "b" * 32, "source": "generic", "video_id": "walk"}]
    lake.write("nitrogen_videos", "SHARD_0001", fit("nitrogen_videos", rows))
    assert footage_files(lake, settings) == {keys["AbCdEfGhIjK"]: files["AbCdEfGhIjK"], "b" * 32: files["walk"]}
    held = row_locations(lake, ["b" * 32, keys["AbCdEfGhIjK"]], today)
    assert [(h.partition, h.rows) for h in held] == [("SHARD_0000", 1), ("SHARD_0001", 1)]
